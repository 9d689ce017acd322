import { Redis } from 'ioredis'
import { createRequire } from 'node:module'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import backgroundTasks, { type BackgroundTasksOptions } from '../../lib/index.js'
import { findLoss } from '../../lib/queue/json.js'
import { createWorker, type WorkerOptions } from '../../lib/queue/worker.js'
import * as work from '../fixtures/queue/work.js'
import { createBareApp } from '../helpers/app.js'
import { createQueueApp, queueTasks, testOnEach } from '../helpers/queue.js'

const connection = 'redis://127.0.0.1'

t.test('a wrong option of the queue is refused by name', async (t) => {
  const cases: Array<[options: object, message: RegExp]> = [
    [{ queue: { connection } }, /"tasks": it must name the task modules, as with "queue" their functions go to the queue/],
    [{ tasks: queueTasks, queue: 'redis://127.0.0.1' }, /"queue": it must be an object/],
    [{ tasks: queueTasks, queue: null }, /"queue": it must be an object/],
    [{ tasks: queueTasks, queue: {} }, /"queue\.connection": it must be redis:\/\/…/],
    [{ tasks: queueTasks, queue: { connection: 'localhost:6379' } }, /"queue\.connection": it must be redis:\/\/…/],
    [{ tasks: queueTasks, queue: { connection: 'http://root:sesame@127.0.0.1' } }, /"queue\.connection": it must be [^]*connection\.$/],
    [{ tasks: queueTasks, queue: { connection: 6379 } }, /"queue\.connection"/],
    [{ tasks: queueTasks, queue: { connection, name: 'a:b' } }, /"queue\.name": it must be a string that is not empty and has no ":", but got "a:b"/],
    [{ tasks: queueTasks, queue: { connection, name: '' } }, /"queue\.name"/],
    [{ tasks: queueTasks, queue: { connection, enqueue: 'now' } }, /"queue\.enqueue": it must be "afterResponse" or "beforeResponse", but got "now"/],
    [{ tasks: queueTasks, queue: { connection, attempts: 0 } }, /"queue\.attempts": it must be a whole number from 1, but got 0/],
    [{ tasks: queueTasks, queue: { connection, backoff: -1 } }, /"queue\.backoff"/],
    [{ tasks: queueTasks, queue: { connection, worker: 3 } }, /"queue\.worker": it must be true, false or an object, but got 3/],
    [{ tasks: queueTasks, queue: { connection, worker: { concurrency: 0 } } }, /"queue\.worker\.concurrency"/],
    [{ tasks: queueTasks, queue: { connection, workers: true } }, /"queue\.workers": it is unknown, the known ones are connection, name, enqueue, attempts, backoff, worker/]
  ]
  for (const [options, message] of cases) {
    const { app } = createBareApp(t)
    await t.rejects(async () => await app.register(backgroundTasks, options as BackgroundTasksOptions), { code: 'FST_BGT_INVALID_OPTION', message }, String(message))
  }
})

t.test('a wrong option of a worker is refused by name', async (t) => {
  const cases: Array<[options: object, message: RegExp]> = [
    [{ queue: connection }, /"tasks": it must name the task modules whose functions the worker runs/],
    [{ tasks: queueTasks }, /"queue\.connection"/],
    [{ tasks: 1, queue: connection }, /"tasks"/],
    [{ tasks: queueTasks, queue: 'nonsense' }, /"queue\.connection"/],
    [{ tasks: queueTasks, queue: connection, concurrency: 1.5 }, /"concurrency"/],
    [{ tasks: queueTasks, queue: connection, logger: console }, /"logger": it must be a logger as pino's are/],
    [{ tasks: queueTasks, queue: connection, threads: { max: 0 } }, /"threads\.max"/],
    [{ tasks: queueTasks, queue: connection, onTaskError: true }, /"onTaskError"/],
    [{ tasks: queueTasks, queue: connection, speed: 1 }, /"speed": it is unknown/]
  ]
  for (const [options, message] of cases) {
    await t.rejects(createWorker(options as unknown as WorkerOptions), { code: 'FST_BGT_INVALID_OPTION', message }, String(message))
  }
})

testOnEach(t, 'a connection may be options, or a client', async (t, server) => {
  const pg = createRequire(import.meta.url)('pg') as typeof import('pg')
  const client = server.name === 'Redis' ? new Redis(server.port, { maxRetriesPerRequest: null }) : new pg.Pool({ connectionString: server.url(), max: 4 })
  t.teardown(async () => { await (client instanceof Redis ? client.quit() : client.end()) })
  const options = server.name === 'Redis' ? { host: '127.0.0.1', port: server.port } : { connectionString: server.url(), migrate: true }
  const schema = server.name === 'Redis' ? options : { host: '127.0.0.1', user: 'root', database: 'test' }

  for (const connection of [options, schema, client]) {
    const { app, notes } = await createQueueApp(t, server, { queue: { connection, worker: { concurrency: 1 } }, metrics: false })
    app.backgroundTasks.addTask(work.note, notes.file, 1)
    await app.backgroundTasks.idle()
    t.same(notes.lines, [1])
    await app.close()
  }
})

t.test('what JSON would change is found, with its path', (t) => {
  const shared = { n: 1 }
  const circle: Record<string, unknown> = { deep: {} }
  circle.deep = { circle }
  let nested: unknown = 1
  for (let i = 0; i < 1_000; i++) nested = [nested]

  const fine: unknown[] = [
    1, -0, 'text', '\u0000', '\ud800', true, null, [], {}, [1, ['2', { three: null }]], { left: undefined, deep: { left: undefined } }, [shared, shared],
    Object.create(null), runInNewContext('({ of: ["another realm"] })'), runInNewContext('[1]'), JSON.parse('{"__proto__": 1}')
  ]
  for (const value of fine) t.equal(findLoss(value), undefined)

  class Point { x = 1 }
  const lossy: Array<[value: unknown, path: string, problem: RegExp]> = [
    [undefined, '', /^undefined$/],
    [[1, undefined], '[1]', /^undefined$/],
    [[1,, 2], '[1]', /^undefined$/], // eslint-disable-line no-sparse-arrays
    [{ n: NaN }, '.n', /^NaN$/],
    [[-Infinity], '[0]', /^-Infinity$/],
    [{ 'content-length': 10n }, '["content-length"]', /^10n$/],
    [{ a: [{ b: Symbol('c') }] }, '.a[0].b', /^a symbol$/],
    [{ send () {} }, '.send', /^a function$/],
    [{ toJSON: () => 1 }, '.toJSON', /^a function$/],
    [{ at: new Date() }, '.at', /^a Date /],
    [new Map(), '', /^an instance of Map$/],
    [{ set: new Set() }, '.set', /^an instance of Set$/],
    [{ bytes: Buffer.from('x') }, '.bytes', /^an instance of Buffer$/],
    [[new Point()], '[0]', /^an instance of Point$/],
    [new (class {})(), '', /^an instance of a class$/],
    [Object.create({ constructor: undefined }), '', /^an instance of a class$/],
    [[new (class List extends Array {})()], '[0]', /^an instance of List$/],
    [new Error('x'), '', /^an instance of Error$/],
    [circle, '.deep.circle', /^an object that holds itself$/],
    [nested, '[0]'.repeat(500), /^nested deeper than 500 levels$/],
    [{ get x () { throw new Error('no') } }, '', /^an object that cannot be read/],
    [new Proxy({}, { ownKeys () { throw new Error('no') } }), '', /^an object that cannot be read/]
  ]
  for (const [value, path, problem] of lossy) t.match(findLoss(value), { path, problem }, path)
  t.end()
})
