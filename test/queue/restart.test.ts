import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { createWorker } from '../../lib/queue/worker.js'
import { OwnServer } from '../helpers/own-server.js'
import { createQueueApp, queueTasks } from '../helpers/queue.js'
import { addThreeTasks, checkThreeTasks } from '../helpers/three-tasks.js'

for (const name of ['Redis', 'PostgreSQL'] as const) {
  t.test(`${name} crashes while jobs are at work and others come, and starts again: no task is lost`, async (t) => {
    const server = await OwnServer.start(t, name)
    if (server === undefined) {
      t.equal(process.env.CI, undefined, `${name} must be installed in CI`)
      return t.pass(name, { skip: 'it is not installed' })
    }
    const { app, notes, log, queue, name: queueName } = await createQueueApp(t, server)
    addThreeTasks(app, notes, 100)
    const worker = await createWorker({ tasks: queueTasks, queue: { connection: server.url(), name: queueName }, threads: false })

    for (let n = 0; n < 30; n++) await app.inject(`/${n}`)
    await notes.until(20) // ten jobs are at work
    server.kill()
    for (let n = 30; n < 40; n++) t.equal((await app.inject(`/${n}`)).statusCode, 200)
    await app.backgroundTasks.idle()
    await server.start()
    while (log.with('the queue\'s server is back').length === 0) await sleep(20)
    for (let n = 40; n < 60; n++) await app.inject(`/${n}`)
    await app.backgroundTasks.idle()
    while (await queue.getJobCountByTypes('waiting', 'active', 'delayed') > 0) await sleep(50)
    await worker.close()

    checkThreeTasks(t, notes)
    t.equal(await queue.getFailedCount(), 0)
  })
}
