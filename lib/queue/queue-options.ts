import { FST_BGT_INVALID_OPTION } from '../core/errors.js'
import { atLeastOne, checkOptions, milliseconds, oneOf, type Rule, type Rules } from '../core/options.js'

/** When a request's tasks are stored. */
export type Enqueue = 'afterResponse' | 'beforeResponse'

/** Options of a worker in the process of the server. */
export interface WorkerSettings {
  /**
   * How many jobs it works on at once.
   * @default 10
   */
  concurrency?: number | undefined
}

/** Options of the queue. */
export interface QueueOptions {
  /**
   * The server: `redis://…`, `rediss://…` (TLS), `postgres://…`, or what BullMQ takes as a connection: options of ioredis or
   * pg, or a client. On PostgreSQL the tables are made at the first start, unless the options say `migrate: false`.
   */
  connection: string | object
  /**
   * The queue's name on the server.
   * @default 'background-tasks'
   */
  name?: string | undefined
  /**
   * `'afterResponse'`: what cannot be stored runs in the process, and a warning says so. `'beforeResponse'`: the response
   * leaves once the tasks are stored; where they cannot be, it is a 503, and none of them runs.
   * @default 'afterResponse'
   */
  enqueue?: Enqueue | undefined
  /**
   * How often each task is tried, in all, unless it has `retries` of its own.
   * @default 5
   */
  attempts?: number | undefined
  /**
   * How long a task waits for its second attempt, in milliseconds; twice as long for each that follows.
   * @default 1_000
   */
  backoff?: number | undefined
  /**
   * Whether this process takes jobs off the queue, too.
   * @default false
   */
  worker?: boolean | WorkerSettings | undefined
}

/** The schemes of connection strings. */
const schemes = ['redis:', 'rediss:', 'postgres:', 'postgresql:']

const aConnection: Rule = {
  isSecret: true,
  expected: 'redis://…, rediss://…, postgres://…, or an object that BullMQ takes as a connection',
  accepts: (value) => typeof value === 'string' ? URL.canParse(value) && schemes.includes(new URL(value).protocol) : typeof value === 'object' && value !== null
}

const aQueueName: Rule = {
  expected: 'a string that is not empty and has no ":"',
  accepts: (value) => typeof value === 'string' && value !== '' && !value.includes(':')
}

const anObjectOrBoolean: Rule = {
  expected: 'true, false or an object',
  accepts: (value) => typeof value === 'boolean' || (typeof value === 'object' && value !== null)
}

const rules: Rules<QueueOptions> = {
  connection: aConnection,
  name: aQueueName,
  enqueue: oneOf('afterResponse', 'beforeResponse'),
  attempts: atLeastOne,
  backoff: milliseconds,
  worker: anObjectOrBoolean
}

/** The options of a queue with their defaults, checked. */
export function resolveQueueOptions (options: QueueOptions) {
  checkOptions(options, rules, 'queue')
  const { connection, worker = false } = options
  if (connection === undefined) throw new FST_BGT_INVALID_OPTION('queue.connection', `it must be ${aConnection.expected}`)
  if (typeof worker === 'object') checkOptions(worker, { concurrency: atLeastOne }, 'queue.worker')

  return {
    connection,
    name: options.name ?? 'background-tasks',
    enqueue: options.enqueue ?? 'afterResponse',
    attempts: options.attempts ?? 5,
    backoff: options.backoff ?? 1_000,
    concurrency: worker === false ? undefined : (worker === true ? {} as WorkerSettings : worker).concurrency ?? 10
  } as const
}

/** What {@link resolveQueueOptions} gives. */
export type ResolvedQueueOptions = ReturnType<typeof resolveQueueOptions>
