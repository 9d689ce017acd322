import { Redis } from 'ioredis'
import pg from 'pg'
import { test } from 'tap'
import { openAppQueue } from '../../lib/queue/app-queue.js'
import { resolveQueueOptions } from '../../lib/queue/queue-options.js'
import { startWorker } from '../../lib/queue/queue-worker.js'
import { freePort } from '../helpers/free-port.js'
import { OwnServer } from '../helpers/own-server.js'
import { answers, Network, Notes, openQueue } from '../helpers/queue.js'
import { functions, Lines, openTestQueue, Outcomes, startTestWorker, work } from './harness.js'

const redis = { skip: !await answers({ port: 6379 }) && 'Redis does not answer' }
const postgres = { skip: !await answers({ port: 5432 }) && 'PostgreSQL does not answer' }

async function open (connection: unknown, options: object = {}) {
  const lines = new Lines()
  const queue = await openAppQueue(resolveQueueOptions({ connection, ...options } as any), { log: lines.log })
  await queue.close()
  return lines
}

/** Opens a queue and a worker, and expects both to be refused. */
async function refuses (t: any, connection: string, message: RegExp, options: object = {}) {
  await t.rejects(open(connection, options), { code: 'FST_BGT_QUEUE_CONNECTION', message }, String(message))
  const worker = startWorker(resolveQueueOptions({ connection, ...options }), { name: 'refused', concurrency: 1, log: new Lines().log, functions, createOwner: new Outcomes().createOwner })
  await t.rejects(worker, { code: 'FST_BGT_QUEUE_CONNECTION', message })
}

test('what Redis refuses permanently fails the start', redis, async (t) => {
  const server = await OwnServer.start(t, 'Redis')
  if (server === undefined) return t.pass('redis-server is not installed')

  await refuses(t, `redis://127.0.0.1:${server.port}/9999`, /The queue cannot be used: its server refuses the connection: .*DB index/)
  const client = new Redis(server.port)
  await client.config('SET', 'requirepass', 'secret')
  await client.acl('SETUSER', 'reader', 'on', '>pass', '~*', '+@read', '+@connection', '+info')
  await refuses(t, `redis://127.0.0.1:${server.port}`, /NOAUTH/)
  await refuses(t, `redis://:wrong@127.0.0.1:${server.port}`, /WRONGPASS/)
  await refuses(t, `redis://reader:pass@127.0.0.1:${server.port}`, /NOPERM/)
  client.disconnect()
})

test('what PostgreSQL refuses permanently fails the start', postgres, async (t) => {
  const server = await OwnServer.start(t, 'PostgreSQL')
  if (server === undefined) return t.pass('PostgreSQL is not installed')

  const client = new pg.Client(server.url())
  await client.connect()
  await client.query('CREATE ROLE reader LOGIN; CREATE ROLE worker LOGIN')
  const as = (role: string) => server.url().replace('root@', `${role}@`)
  await refuses(t, as('reader'), /permission denied/)
  await refuses(t, server.url().replace('/postgres', '/nowhere'), /database "nowhere" does not exist/)
  await refuses(t, as('nobody'), /role "nobody" does not exist/)
  await t.rejects(open({ connectionString: server.url(), migrate: false }), { code: 'FST_BGT_QUEUE_CONNECTION', message: /not initialized/ })

  await open(server.url())
  await refuses(t, as('reader'), /permission denied/)
  await client.query('GRANT USAGE ON SCHEMA bullmq TO worker; GRANT ALL ON ALL TABLES IN SCHEMA bullmq TO worker; GRANT ALL ON ALL SEQUENCES IN SCHEMA bullmq TO worker')
  t.same((await open(as('worker'))).all, [], 'a role that may create nothing works on tables that are there')
  await open(server.url(), { schema: 'mine' })
  t.match((await client.query('SELECT count(*)::int FROM mine.job')).rows, [{ count: 0 }])
  await client.end()
})

test('a server that is not there yet is one warning, and is used as soon as it is', redis, async (t) => {
  const lines = new Lines()
  const port = await freePort()
  const queue = await openAppQueue(resolveQueueOptions(`redis://127.0.0.1:${port}`), { log: lines.log })
  t.match(lines.all, [{ level: 'warn', message: /^Redis is unavailable for the queue/ }])
  await queue.close()
  t.equal(lines.all.length, 1)
})

test('a worker that waits for its server goes on waiting when that refuses it for a while', redis, async (t) => {
  const server = await OwnServer.start(t, 'Redis')
  if (server === undefined) return t.pass('redis-server is not installed')

  const network = await Network.create(t, server)
  network.cut()
  const { lines } = await startTestWorker(t, server, 'waits', { port: network.port })
  const client = new Redis(server.port)
  await client.config('SET', 'requirepass', 'secret')
  network.mend()
  await lines.until('the worker is waiting for it', 2)
  t.match(lines.all.map(({ fields }) => fields.err), [Error, /NOAUTH/])
  await client.config('SET', 'requirepass', '')
  await lines.until('worker started')
  t.equal(lines.all.length, 3)
  client.disconnect()
})

test('a failover is followed: a server that has become a replica is left', redis, async (t) => {
  const server = await OwnServer.start(t, 'Redis')
  if (server === undefined) return t.pass('redis-server is not installed')

  const client = new Redis(server.port)
  const queue = await openTestQueue(t, server.url())
  const notes = new Notes(t)
  const { outcomes } = await startTestWorker(t, server, queue.name)
  await queue.drain([[work.note, notes.file, 'before']])
  const bull = openQueue(t, server, queue.name)
  while ((await bull.getJobCounts('completed')).completed !== 1) await new Promise((resolve) => setTimeout(resolve, 10))

  await client.replicaof('127.0.0.1', 1)
  const draining = queue.drain([[work.note, notes.file, 'meanwhile']])
  await queue.lines.until('is unavailable')
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  t.match(queue.lines.all, [{ message: /is unavailable/, fields: { err: { message: /READONLY/ } } }])
  await client.replicaof('NO', 'ONE')
  await draining
  t.same(queue.here.all, [])
  await queue.lines.until('is available again for the queue')
  await queue.drain([[work.note, notes.file, 'after']])
  await outcomes.until(3)
  t.same([...notes.lines].sort(), ['after', 'before', 'meanwhile'])
  client.disconnect()
})

test('clients of the application are used, and left open', async (t) => {
  if (await answers({ port: 6379 })) {
    const client = new Redis({ maxRetriesPerRequest: null })
    const queue = await openTestQueue(t, client as any)
    await queue.drain([[work.note, '/dev/null', 1]])
    const bull = openQueue(t, { name: 'Redis', port: 6379, url: () => 'redis://127.0.0.1:6379' }, queue.name)
    t.match(await bull.getJobCounts('waiting'), { waiting: 1 })
    await queue.queue.close()
    t.equal(await client.ping(), 'PONG')
    client.disconnect()
  }
  if (await answers({ port: 5432 })) {
    const url = 'postgres://root@127.0.0.1:5432/test'
    const pool = new pg.Pool({ connectionString: url, options: '-c search_path=bullmq' })
    const queue = await openTestQueue(t, pool as any)
    await queue.drain([[work.note, '/dev/null', 1]])
    const bull = openQueue(t, { name: 'PostgreSQL', port: 5432, url: () => url }, queue.name)
    t.match(await bull.getJobCounts('waiting'), { waiting: 1 })
    await queue.queue.close()
    t.match((await pool.query('SELECT 1 AS one')).rows, [{ one: 1 }])
    await bull.obliterate({ force: true })
    await pool.end()
  }
})

test('a server that refuses everything does not make a worker spin', redis, async (t) => {
  const server = await OwnServer.start(t, 'Redis')
  if (server === undefined) return t.pass('redis-server is not installed')

  const client = new Redis(server.port)
  const name = 'refused'
  const { lines, outcomes } = await startTestWorker(t, server, name)
  const queue = await openTestQueue(t, server.url(), { name })
  await client.acl('SETUSER', 'default', '-evalsha', '-eval')
  await client.zadd(`bull:${name}:marker`, 0, '0') // wakes the worker
  await lines.until('the worker got an error')
  const cpu = process.cpuUsage()
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  const { user, system } = process.cpuUsage(cpu)
  t.ok(user + system < 1_000_000, `${(user + system) / 1e3} ms of CPU in 2 s`)
  t.equal(lines.with('the worker got an error').length, 1)
  await client.acl('SETUSER', 'default', '+@all')
  const notes = new Notes(t)
  await queue.drain([[work.note, notes.file, 'again']])
  await outcomes.until(1)
  client.disconnect()
})
