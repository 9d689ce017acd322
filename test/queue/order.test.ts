import t from 'tap'
import { BackgroundTask, BackgroundTasks } from '../../lib/index.js'
import * as work from '../fixtures/queue/work.js'
import { createQueueApp, testOnEach } from '../helpers/queue.js'

for (const enqueue of ['afterResponse', 'beforeResponse'] as const) {
  testOnEach(t, `what comes after a collection waits for those of its tasks that workers have (${enqueue})`, async (t, server) => {
    const { app, notes } = await createQueueApp(t, server, { queue: { worker: true, enqueue } })
    app.get('/', async (request) => {
      const inner = new BackgroundTasks([new BackgroundTask(work.slow, notes.file, 1, 100)])
      request.backgroundTasks.addTask(new BackgroundTasks([inner, new BackgroundTask(work.slow, notes.file, 2, 100)]))
      request.backgroundTasks.addTask(() => { notes.add(3) })
      request.backgroundTasks.addTask(new BackgroundTasks([new BackgroundTask(work.slow, notes.file, 4, 100)]))
      request.backgroundTasks.addTask(work.note, notes.file, 5)
      return 'ok'
    })
    await app.inject('/')
    await app.backgroundTasks.idle()
    t.same(notes.lines, [1, 2, 3, 4, 5])
  })
}

testOnEach(t, 'with onError "stop" nothing runs behind a collection of which a worker had a task fail', async (t, server) => {
  const { app, notes } = await createQueueApp(t, server, { queue: { worker: true, attempts: 1 }, onError: 'stop' })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(new BackgroundTasks([new BackgroundTask(work.flaky, notes.file, 'fails', 9)]))
    request.backgroundTasks.addTask(() => { notes.add('behind') })
    return 'ok'
  })
  await app.inject('/')
  await app.backgroundTasks.idle()
  t.match(notes.lines, [['fails', 1]])
  t.equal(notes.lines.length, 1)
})

testOnEach(t, 'an app that closes under load keeps the order, as its worker goes on as long as tasks wait for it', async (t, server) => {
  const { app, notes, log } = await createQueueApp(t, server, { queue: { worker: true } })
  const warnings: Error[] = []
  const warned = (warning: Error) => { warnings.push(warning) }
  process.on('warning', warned)
  t.teardown(() => process.off('warning', warned))
  app.get<{ Params: { n: string } }>('/:n', async (request) => {
    const { n } = request.params
    request.backgroundTasks.addTask(work.slow, notes.file, [n, 1], 50)
    request.backgroundTasks.addTask(() => { notes.add([n, 2]) })
    return 'ok'
  })
  await Promise.all(Array.from({ length: 40 }, async (_, n) => await app.inject(`/${n}`)))
  const start = performance.now()
  await app.close()
  t.ok(performance.now() - start < 4_000, 'sooner than after half of closeTimeout')
  for (let n = 0; n < 40; n++) {
    t.same((notes.lines as Array<[string, number]>).filter(([of]) => of === String(n)).map(([, i]) => i), [1, 2])
  }
  t.same(log.errors, [])
  t.same(warnings, [], 'no warning of too many listeners')
})

testOnEach(t, 'where another plugin\'s onSend hook fails behind ours, tasks are not stored once more', async (t, server) => {
  const { app, notes, queue } = await createQueueApp(t, server, { queue: { enqueue: 'beforeResponse' } })
  app.addHook('onSend', async (_request, reply) => {
    if (reply.statusCode === 200) throw new Error('of another plugin')
  })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.note, notes.file, 1)
    return 'ok'
  })
  t.equal((await app.inject('/')).statusCode, 500)
  await app.backgroundTasks.idle()
  t.equal(await queue.getWaitingCount(), 1)
})
