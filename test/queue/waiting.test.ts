import t from 'tap'
import * as work from '../fixtures/queue/work.js'
import { createQueueApp, testOnOne } from '../helpers/queue.js'

testOnOne(t, 'any number of requests may wait for workers, without a warning of Node.js', async (t, server) => {
  const { app, notes } = await createQueueApp(t, server, { queue: { worker: { concurrency: 1 } } })
  const warnings: Error[] = []
  const listener = (warning: Error) => { warnings.push(warning) }
  process.on('warning', listener)
  t.teardown(() => { process.off('warning', listener) })

  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.slow, notes.file, 'stored', 10)
    request.backgroundTasks.addTask(() => { notes.add('closure') })
    return 'ok'
  })
  await Promise.all(Array.from({ length: 30 }, async () => await app.inject('/')))
  await app.backgroundTasks.idle()
  t.equal(notes.lines.filter((line) => line === 'closure').length, 30)
  t.same(warnings, [])
})
