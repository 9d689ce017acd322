import t from 'tap'
import { createApp, listen } from './helpers/app.js'
import { deferred } from './helpers/promise.js'

t.test('past maxPending addTask throws, and the client is told when to come back', async (t) => {
  const { app } = await createApp(t, { maxPending: 3 })
  const gate = deferred()
  const ran: number[] = []
  app.get('/', async (request) => {
    for (let i = 0; i < 2; i++) request.backgroundTasks.addTask(async () => { await gate.promise; ran.push(i) })
    return 'ok'
  })
  const origin = `http://127.0.0.1:${await listen(app)}`

  t.equal((await fetch(origin)).status, 200)
  const refused = await fetch(origin)
  t.equal(refused.status, 503)
  t.equal(refused.headers.get('retry-after'), '10')
  t.match(await refused.json(), { code: 'FST_BGT_QUEUE_FULL', message: /No background task can be added: 3 are waiting or running.*"maxPending"/ })
  t.equal(app.backgroundTasks.pending + app.backgroundTasks.running, 3, 'what was accepted is kept')
  t.throws(() => app.backgroundTasks.addTask(() => {}), { code: 'FST_BGT_QUEUE_FULL', statusCode: 503 })

  gate.resolve()
  await app.backgroundTasks.idle()
  t.same(ran.sort(), [0, 0, 1])
  t.equal((await fetch(origin)).status, 200, 'there is room again')
  await app.backgroundTasks.idle()
})
