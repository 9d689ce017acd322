import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import t, { type Test } from 'tap'
import { createWorker } from '../../lib/queue/worker.js'
import * as work from '../fixtures/queue/work.js'
import { createQueueApp, Network, queueTasks, testOnEach, type QueueServer } from '../helpers/queue.js'

/** A client of the application's own, and what asks it for the number one. */
function connectTo (t: Test, server: QueueServer, port?: number) {
  if (server.name === 'Redis') {
    const client = new Redis(server.url(port), { maxRetriesPerRequest: null })
    t.teardown(() => { client.disconnect() })
    return { client, ask: async () => await client.eval('return 1', 0) }
  }
  const client = new Pool({ connectionString: server.url(port), options: '-c search_path=bullmq' })
  t.teardown(() => client.end())
  return { client, ask: async () => (await client.query<{ one: number }>('SELECT 1 AS one')).rows[0]?.one }
}

testOnEach(t, 'a client of the application\'s own serves servers and workers, and is left open', async (t, server) => {
  const { name, queue } = await createQueueApp(t, server) // makes the tables, where there are none
  const { client, ask } = connectTo(t, server)
  const { app, notes } = await createQueueApp(t, server, { queue: { connection: client, name } })
  const worker = await createWorker({ tasks: queueTasks, queue: { connection: client, name }, threads: false })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.note, notes.file, 1)
    request.backgroundTasks.addTask(() => { notes.add(2) })
    return 'ok'
  })
  await app.inject('/')
  await app.backgroundTasks.idle()
  t.same(notes.lines, [1, 2])
  await worker.close()
  await app.close()
  t.equal(await ask(), 1)
  t.equal(await queue.getCompletedCount(), 1)
})

testOnEach(t, 'a client of the application\'s own has no more listeners for each second that its server is away', async (t, server) => {
  const network = await Network.create(t, server)
  const { client } = connectTo(t, server, network.port)
  client.on('error', () => {})
  const { app, log } = await createQueueApp(t, server, { queue: { connection: client } })
  const names = ['error', 'ready', 'end', 'close', 'connect']
  const count = (): number[] => names.map((name) => client.listenerCount(name))

  network.cut()
  app.backgroundTasks.addTask(work.note, '/dev/null', 1)
  while (log.with('the queue\'s server is away: until it is back, tasks run in this process').length === 0) await sleep(10)
  // Those that listen while it is asked again come and go.
  const least = async (): Promise<number[]> => {
    const counts: number[][] = []
    for (let i = 0; i < 70; i++) {
      counts.push(count())
      await sleep(50)
    }
    return names.map((_, i) => Math.min(...counts.map((each) => each[i]!)))
  }
  const before = await least()
  t.same(await least(), before)
  network.mend()
  while (log.with('the queue\'s server is back').length === 0) await sleep(10)
})
