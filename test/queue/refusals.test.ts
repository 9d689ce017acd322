import t from 'tap'
import { parseJobData } from '../../lib/queue/job.js'
import { findLoss } from '../../lib/queue/json.js'
import { resolveQueueOptions } from '../../lib/queue/queue-options.js'

t.test('a connection that is no URL, and a schema without PostgreSQL, are refused by name', async (t) => {
  t.throws(() => resolveQueueOptions('localhost'), { code: 'FST_BGT_INVALID_OPTION', message: /"queue\.connection"/ })
  t.throws(() => resolveQueueOptions({ connection: 'memory:', schema: 'app' }), { code: 'FST_BGT_INVALID_OPTION', message: /"queue\.schema": it is for PostgreSQL, and the queue is on memory/ })
  t.throws(() => resolveQueueOptions({ connection: 'redis://localhost', schema: 'app' }), { code: 'FST_BGT_INVALID_OPTION', message: /use the option "queue\.prefix"/ })
  t.throws(() => resolveQueueOptions({ connection: 'postgres://localhost/app', prefix: 'app' }), { code: 'FST_BGT_INVALID_OPTION', message: /use the option "queue\.schema"/ })
})

t.test('a job whose backoff is no number, or whose attempts are none that can be counted, is malformed', async (t) => {
  const task = { id: 'a', name: 'work.note', args: [], attempts: 1 }
  t.throws(() => parseJobData({ version: 1, onError: 'stop', backoff: 'x', tasks: [task] }), { code: 'FST_BGT_INVALID_JOB', message: /backoff/ })
  t.throws(() => parseJobData({ version: 1, onError: 'stop', backoff: 1, tasks: [{ ...task, attempts: 1e300 }] }), { code: 'FST_BGT_INVALID_JOB' })
})

t.test('an argument that does not survive JSON is refused with its path and what it is', async (t) => {
  const circular: { self?: unknown } = {}
  circular.self = circular
  let deep: unknown = 1
  for (let i = 0; i < 200_000; i++) deep = [deep]
  const cases: Array<[unknown, string, RegExp]> = [
    [circular, '[0].self', /contains itself/],
    [[deep], '[0]', /nested deeper than/],
    [Object.assign([1], { toJSON: () => 2 }), '[0].toJSON', /a function/],
    [{ toJSON: () => 2 }, '[0].toJSON', /a function/],
    [new (class extends Array {})(), '[0]', /an instance of/],
    [Object.create({ __proto__: { __proto__: null }, constructor: { name: 42 } }), '[0]', /an instance of a class/],
    [new Date(0), '[0]', /a Date/],
    [NaN, '[0]', /NaN/],
    ['a\0', '[0]', /NUL/i],
    [{ 'é-': undefined, 'a b': 'half \ud800' }, '[0]["a b"]', /surrogate/]
  ]
  for (const [value, path, problem] of cases) {
    const loss = findLoss([value])
    t.ok(loss?.path.startsWith(path), `${loss?.path} begins with ${path}`)
    t.match(loss?.problem, problem)
  }
})
