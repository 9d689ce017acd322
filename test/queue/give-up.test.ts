import { Redis } from 'ioredis'
import { Pool } from 'pg'
import t from 'tap'
import { createWorker } from '../../lib/queue/worker.js'
import * as work from '../fixtures/queue/work.js'
import { createQueueApp, queueTasks, testOnEach } from '../helpers/queue.js'

t.jobs = 2 // mostly they wait

testOnEach(t, 'close gives up a worker whose task does not end, and another worker takes its job over', async (t, server) => {
  const { app, notes, log, name } = await createQueueApp(t, server, { closeTimeout: 200, queue: { worker: true } })
  app.backgroundTasks.addTask(work.wait, notes.file, 'busy')
  await notes.until(1)
  const start = performance.now()
  await app.close()
  t.ok(performance.now() - start < 3_000, 'it does not wait for the task')
  t.match(log.with('background task unfinished: another worker takes it over'), [{ task: 'work.wait', taskId: /./ }])

  const other = await createWorker({ tasks: queueTasks, queue: { connection: server.url(), name }, threads: false })
  await notes.until(2)
  notes.add('go on')
  await other.close()
  t.same(notes.lines.slice(0, 3), ['busy begins', 'busy begins', 'go on'])
  t.ok(notes.lines.includes('busy ends'))
  t.same(log.errors, [])
})

testOnEach(t, 'a client of the application\'s own is left open where a worker is given up', async (t, server) => {
  await createQueueApp(t, server) // makes the tables, where there are none
  const client = server.name === 'Redis'
    ? new Redis(server.url(), { maxRetriesPerRequest: null })
    : new Pool({ connectionString: server.url(), options: '-c search_path=bullmq' })
  t.teardown(async () => { await (client instanceof Redis ? client.quit() : client.end()) })

  const { app, notes, queue } = await createQueueApp(t, server, { closeTimeout: 200, queue: { connection: client, worker: true } })
  app.backgroundTasks.addTask(work.wait, notes.file, 'busy')
  await notes.until(1)
  await app.close()
  t.ok(client instanceof Redis ? await client.ping() : await client.query('SELECT 1'))
  notes.add('go on')
  while (await queue.getCompletedCount() === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  t.match(notes.lines, ['busy begins', 'go on', 'busy ends'])
})
