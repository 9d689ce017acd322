import t from 'tap'
import { parseJobData } from '../../lib/queue/job-data.js'
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
