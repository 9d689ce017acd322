import { test } from 'tap'
import { resolveQueueOptions } from '../../lib/queue/queue-options.js'

test('the options of a queue have defaults', async (t) => {
  t.same(resolveQueueOptions('redis://localhost'), {
    connection: 'redis://localhost',
    kind: 'Redis',
    name: 'background-tasks',
    prefix: undefined,
    schema: undefined,
    enqueue: 'afterResponse',
    attempts: 5,
    backoff: 1_000,
    keepCompleted: 300,
    keepFailed: 604_800,
    concurrency: undefined
  })
})

test('a connection is a URL, as text or as an object, alone or among options, or what BullMQ takes', async (t) => {
  t.match(resolveQueueOptions(new URL('rediss://user:secret@host:1/2')), { kind: 'Redis', connection: 'rediss://user:secret@host:1/2' })
  t.match(resolveQueueOptions({ connection: new URL('postgresql://localhost/db') }), { kind: 'PostgreSQL', connection: 'postgresql://localhost/db' })
  t.match(resolveQueueOptions('postgres://localhost/db'), { kind: 'PostgreSQL' })
  t.match(resolveQueueOptions({ connection: { host: 'localhost', port: 6379, db: 1 } }), { kind: 'Redis' })
  t.match(resolveQueueOptions({ connection: { host: 'localhost', database: 'test' } }), { kind: 'PostgreSQL' })
  t.match(resolveQueueOptions('memory:'), { kind: 'memory', concurrency: 10 })
  t.match(resolveQueueOptions({ connection: 'redis://localhost', worker: true }), { concurrency: 10 })
  t.match(resolveQueueOptions({ connection: 'redis://localhost', worker: { concurrency: 3 } }), { concurrency: 3 })
})

test('a wrong option of the queue is refused by name', async (t) => {
  const redis = 'redis://localhost'
  const postgres = 'postgres://localhost/test'
  const wrong: Array<[options: any, message: string | RegExp]> = [
    ['http://localhost', /^Invalid option "queue\.connection": it must be redis:/],
    [{ connection: ['redis://localhost'] }, /"queue\.connection": it must be redis:/],
    [{}, /"queue\.connection"/],
    [{ connection: 42 }, /"queue\.connection"/],
    [new URL('https://localhost'), /"queue\.connection"/],
    [{ connection: { host: 'localhost', keyPrefix: 'a:' } }, /"queue\.connection\.keyPrefix": BullMQ does not support it; use the option "queue\.prefix"/],
    ['redis://localhost/zero', /"queue\.connection": its path must be the index of a Redis database/],
    ['redis://localhost/-1', /its path must be the index/],
    ['redis://localhost?keyPrefix=a', /keyPrefix/],
    [`${postgres}?options=-c%20a=b`, /"queue\.connection": BullMQ sets \?options= itself/],
    [{ connection: { connectionString: `${postgres}?options=a` } }, /BullMQ sets \?options= itself/],
    [{ connection: postgres, prefix: 'a' }, /"queue\.prefix": it is for Redis, and the queue is on PostgreSQL; use the option "queue\.schema"/],
    [{ connection: redis, schema: 'a' }, /"queue\.schema": it is for PostgreSQL/],
    [{ connection: postgres, schema: 'a-b' }, /"queue\.schema": it must be an SQL identifier/],
    [{ connection: 'memory:', prefix: 'a' }, /"queue\.prefix"/],
    [{ connection: redis, name: 'a:b' }, /"queue\.name"/],
    [{ connection: redis, attempts: 0 }, /"queue\.attempts"/],
    [{ connection: redis, keepCompleted: 59 }, /"queue\.keepCompleted": it must be a whole number of seconds from 60, but got 59/],
    [{ connection: redis, keepFailed: 1.5 }, /"queue\.keepFailed"/],
    [{ connection: redis, enqueue: 'never' }, /"queue\.enqueue"/],
    [{ connection: redis, worker: { concurency: 1 } }, /"queue\.worker\.concurency": it is unknown; did you mean "concurrency"/]
  ]
  for (const [options, message] of wrong) t.throws(() => resolveQueueOptions(options), { code: 'FST_BGT_INVALID_OPTION', message }, String(message))
})

test('a connection that is refused is not quoted: it may hold a password', async (t) => {
  for (const connection of ['mysql://user:secret@host', ['secret'], 'redis://user:secret@host/zero']) {
    try {
      resolveQueueOptions({ connection } as any)
      t.fail('not refused')
    } catch (error) {
      t.notMatch((error as Error).message, /secret/)
    }
  }
})
