import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { createWorker } from '../../lib/queue/worker.js'
import * as work from '../fixtures/queue/work.js'
import { OwnServer } from '../helpers/own-server.js'
import { createQueueApp, queueTasks } from '../helpers/queue.js'

for (const name of ['Redis', 'PostgreSQL'] as const) {
  t.test(`${name} crashes while jobs are at work and others come, and starts again: no task is lost`, async (t) => {
    const server = await OwnServer.start(t, name)
    if (server === undefined) {
      t.equal(process.env.CI, undefined, `${name} must be installed in CI`)
      return t.pass(name, { skip: 'it is not installed' })
    }
    const { app, notes, log, queue, name: queueName } = await createQueueApp(t, server)
    app.get<{ Params: { n: string } }>('/:n', async (request) => {
      const n = Number(request.params.n)
      request.backgroundTasks.addTask(work.note, notes.file, [n, 'first'])
      request.backgroundTasks.addTask(work.slow, notes.file, [n, 'second'], 100)
      request.backgroundTasks.addTask(work.note, notes.file, [n, 'third'])
      return 'ok'
    })
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

    const lines = notes.lines.map((line) => JSON.stringify(line))
    t.equal(new Set(lines).size, 180, 'every task has run')
    t.ok(lines.length - 180 <= 10, `${lines.length - 180} tasks have run again, of ten at work`)
    for (let n = 0; n < 60; n++) {
      const own = (notes.lines as Array<[number, string]>).filter(([of]) => of === n).map(([, task]) => task)
      t.same([...new Set(own)], ['first', 'second', 'third'])
    }
    t.equal(await queue.getFailedCount(), 0)
  })
}
