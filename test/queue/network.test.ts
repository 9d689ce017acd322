import { randomUUID } from 'node:crypto'
import pg from 'pg'
import t, { type Test } from 'tap'
import * as work from '../fixtures/queue/work.js'
import { listen } from '../helpers/app.js'
import { createQueueApp, Network, testOnEach, type QueueServer } from '../helpers/queue.js'

t.jobs = 2 // mostly they wait

testOnEach(t, 'a server that is away at the start: tasks run in the process, until it is there', async (t, server) => {
  const network = await Network.create(t, server)
  network.cut()
  const { app, notes, log, queue } = await createQueueApp(t, server, { queue: { connection: server.url(network.port), worker: true } })
  t.match(log.lines.filter(({ level }) => level === 40), [{ msg: 'the queue\'s server is away: until it is back, tasks run in this process' }, { msg: /the worker waits for it/ }])
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.note, notes.file, 1)
    request.backgroundTasks.addTask(() => { notes.add(2) })
    request.backgroundTasks.addTask(work.flakyInThread, notes.file, '3', 0)
    return 'ok'
  })
  await app.inject('/')
  await app.backgroundTasks.idle()
  t.match(notes.lines, [1, 2, ['3', 1]])
  t.match(log.with('background task runs in this process, as it cannot be stored on the queue'), [{ task: 'work.note', err: { code: 'FST_BGT_QUEUE_UNAVAILABLE' } }, { task: 'work.flakyInThread' }])
  t.match(app.backgroundTasks, { completed: 3, failed: 0 })

  network.mend()
  while (log.with('the queue\'s server is back').length === 0 || log.with('the worker takes jobs').length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  await app.inject('/')
  await app.backgroundTasks.idle()
  t.equal(await queue.getCompletedCount(), 2)
  t.equal(notes.lines.length, 6)
  t.equal(log.lines.filter(({ msg }) => msg.startsWith('the queue\'s server is away: until')).length, 1, 'one warning when it goes')
})

for (const [trouble, act] of [['is cut', (network: Network) => network.cut()], ['hangs', (network: Network) => network.hang()]] as const) {
  testOnEach(t, `afterResponse, and the connection ${trouble}: the tasks run in the process`, async (t, server) => {
    const network = await Network.create(t, server)
    const { app, notes, log, queue } = await createQueueApp(t, server, { queue: { connection: server.url(network.port) } })
    app.get('/', async (request) => {
      request.backgroundTasks.addTask(work.note, notes.file, request.id)
      return request.id
    })
    const origin = `http://127.0.0.1:${await listen(app)}`
    await (await fetch(origin)).text()
    await app.backgroundTasks.idle()
    t.equal(await queue.getWaitingCount(), 1)

    act(network)
    const ids = await Promise.all(Array.from({ length: 5 }, async () => await (await fetch(origin)).text()))
    await app.backgroundTasks.idle()
    t.same((notes.lines as string[]).toSorted(), ids.toSorted())
    t.equal(await queue.getWaitingCount(), 1)

    network.mend()
    while (log.with('the queue\'s server is back').length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    await (await fetch(origin)).text()
    await app.backgroundTasks.idle()
    t.equal(await queue.getWaitingCount(), 2)
    t.same(log.errors, [])
  })

  testOnEach(t, `beforeResponse, and the connection ${trouble}: 503 in time, and no task runs`, async (t, server) => {
    const network = await Network.create(t, server)
    const { app, notes, log, queue } = await createQueueApp(t, server, { queue: { connection: server.url(network.port), enqueue: 'beforeResponse' } })
    app.get('/', async (request) => {
      request.backgroundTasks.addTask(work.note, notes.file, 1)
      request.backgroundTasks.addTask(() => { notes.add(2) })
      return 'ok'
    })
    app.get('/none', async () => 'ok')
    const origin = `http://127.0.0.1:${await listen(app)}`
    t.equal((await fetch(origin)).status, 200)
    t.equal(await queue.getWaitingCount(), 1)
    await app.backgroundTasks.idle()
    t.same(notes.lines, [2])

    act(network)
    const start = performance.now()
    const responses = await Promise.all(Array.from({ length: 5 }, async () => await fetch(origin)))
    t.ok(performance.now() - start < 5_000)
    for (const response of responses) {
      t.equal(response.status, 503)
      t.match(await response.json(), { code: 'FST_BGT_QUEUE_UNAVAILABLE' })
    }
    t.equal((await fetch(`${origin}/none`)).status, 200)
    await app.backgroundTasks.idle()
    t.same(notes.lines, [2], 'no task runs')

    network.mend()
    while (log.with('the queue\'s server is back').length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    t.equal((await fetch(origin)).status, 200)
    await app.backgroundTasks.idle()
    t.equal(await queue.getWaitingCount(), 2)
  })
}

testOnEach(t, 'a server that takes long to begin: tasks run in the process, until it is there', async (t, server) => {
  const { connection, begin } = server.name === 'Redis' ? await holdRedis(t, server) : await holdMigrations(t, server)
  const { app, notes, log } = await createQueueApp(t, server, { queue: { connection } })
  app.backgroundTasks.addTask(work.note, notes.file, 1)
  await app.backgroundTasks.idle()
  t.same(notes.lines, [1])
  t.match(log.lines, [{ msg: /the queue's server is away/ }])

  await begin()
  while (log.with('the queue\'s server is back').length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  app.backgroundTasks.addTask(work.note, notes.file, 2)
  await app.backgroundTasks.idle()
  t.same(notes.lines, [1], 'it is stored')
  await app.close()
})

testOnEach(t, 'tables may take longer than a connection', async (t, server) => {
  if (server.name === 'Redis') return

  const { connection, begin } = await holdMigrations(t, server)
  setTimeout(() => { begin().catch(t.fail) }, 2_500)
  const { log } = await createQueueApp(t, server, { queue: { connection } })
  t.same(log.lines, [])
})

testOnEach(t, 'an app with a worker starts, too, where a server takes too long', async (t, server) => {
  const { connection, begin } = server.name === 'Redis' ? await holdRedis(t, server) : await holdMigrations(t, server)
  const { app, notes } = await createQueueApp(t, server, { queue: { connection, worker: true } }) // Fastify gives it 10 s
  await begin()
  app.backgroundTasks.addTask(work.note, notes.file, 1)
  await app.backgroundTasks.idle()
  await notes.until(1)
  t.same(notes.lines, [1])
})

async function holdRedis (t: Test, server: QueueServer) {
  const network = await Network.create(t, server)
  network.hang()
  return { connection: server.url(network.port), begin: async () => { network.mend() } }
}

/** As a migration by another process would, or a server that is short of breath. */
async function holdMigrations (t: Test, server: QueueServer) {
  const other = new pg.Client(server.url())
  await other.connect()
  const schema = `test_${randomUUID().replaceAll('-', '_')}`
  await other.query('BEGIN')
  await other.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [0x42554c4c, schema])
  t.teardown(async () => {
    await other.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`)
    await other.end()
  })
  return { connection: { connectionString: server.url(), schema }, begin: async () => { await other.query('ROLLBACK') } }
}
