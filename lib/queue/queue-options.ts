import { FST_BGT_INVALID_OPTION } from '../core/errors.js'
import { aName, atLeastOne, checkOptions, milliseconds, oneOf, type Rule, type Rules } from '../core/option-rules.js'

/** When a request's tasks are stored. */
export type Enqueue = 'afterResponse' | 'beforeResponse'

/** Options of a worker in the process of the server. */
export interface WorkerSettings {
  /**
   * How many jobs it runs concurrently.
   * @default 10
   */
  concurrency?: number | undefined
}

/** Options of the queue. */
export interface QueueOptions {
  /**
   * The server: `redis://…`, `rediss://…` (TLS), `postgres://…`, or what BullMQ takes as a connection: options of ioredis or
   * pg, or a client. On PostgreSQL the tables are created at the first start, unless the options say `migrate: false`.
   * `memory:` is a queue in this process, for tests and development.
   */
  connection: string | URL | object
  /**
   * The queue's name on the server.
   * @default 'background-tasks'
   */
  name?: string | undefined
  /**
   * Redis only: what the names of all keys begin with.
   * @default 'bull'
   */
  prefix?: string | undefined
  /**
   * PostgreSQL only: the schema that holds the tables.
   * @default 'bullmq'
   */
  schema?: string | undefined
  /**
   * `'afterResponse'`: tasks that cannot be stored run in the process, and a warning says so. `'beforeResponse'`: the response
   * leaves once the tasks are stored; if they cannot be, it is a 503, and none of them runs.
   * @default 'afterResponse'
   */
  enqueue?: Enqueue | undefined
  /**
   * How many attempts each task has, unless its function has `retries` of its own.
   * @default 5
   */
  attempts?: number | undefined
  /**
   * How long a task waits for its second attempt, in milliseconds; twice as long for each that follows.
   * @default 1_000
   */
  backoff?: number | undefined
  /**
   * How long the server keeps a completed job, in seconds, at least 60.
   * @default 300
   */
  keepCompleted?: number | undefined
  /**
   * How long the server keeps a failed job, in seconds, at least 60.
   * @default 604_800
   */
  keepFailed?: number | undefined
  /**
   * Whether this process runs jobs, too.
   * @default false
   */
  worker?: boolean | WorkerSettings | undefined
}

/** The kinds of servers. */
export type ServerKind = 'Redis' | 'PostgreSQL' | 'memory'

const kinds: Record<string, ServerKind> = { 'redis:': 'Redis', 'rediss:': 'Redis', 'postgres:': 'PostgreSQL', 'postgresql:': 'PostgreSQL', 'memory:': 'memory' }

const aConnection: Rule = {
  isSecret: true,
  expected: 'redis://…, rediss://…, postgres://…, memory:, or an object that BullMQ takes as a connection',
  accepts: (value) => typeof value === 'string' ? kindOfUrl(value) !== undefined : typeof value === 'object' && value !== null && !Array.isArray(value)
}

const aQueueName: Rule = {
  expected: 'a string that is not empty and has no ":"',
  accepts: (value) => aName.accepts(value) && !String(value).includes(':')
}

const aSchema: Rule = {
  expected: 'an SQL identifier: letters, digits and underscores, at most 63',
  accepts: (value) => typeof value === 'string' && /^[A-Za-z_][A-Za-z0-9_$]{0,62}$/.test(value)
}

/** A job that was stored again after an outage must find the first one there, or its tasks would run twice. */
const aRetention: Rule = {
  expected: 'a whole number of seconds from 60',
  accepts: (value) => Number.isSafeInteger(value) && Number(value) >= 60
}

const anObjectOrBoolean: Rule = {
  expected: 'true, false or an object',
  accepts: (value) => typeof value === 'boolean' || (typeof value === 'object' && value !== null)
}

const rules: Rules<QueueOptions> = {
  connection: aConnection,
  name: aQueueName,
  prefix: aName,
  schema: aSchema,
  enqueue: oneOf('afterResponse', 'beforeResponse'),
  attempts: atLeastOne,
  backoff: milliseconds,
  keepCompleted: aRetention,
  keepFailed: aRetention,
  worker: anObjectOrBoolean
}

/**
 * The options of a queue with their defaults, checked.
 *
 * @param options the options, or the connection alone
 * @throws `FST_BGT_INVALID_OPTION`
 */
export function resolveQueueOptions (options: string | URL | QueueOptions) {
  const all: QueueOptions = typeof options === 'string' || options instanceof URL ? { connection: options } : options
  checkOptions(all, rules, 'queue')
  const { worker = false, prefix, schema } = all
  if (all.connection === undefined) throw new FST_BGT_INVALID_OPTION('queue.connection', `it must be ${aConnection.expected}`)
  if (typeof worker === 'object') checkOptions(worker, { concurrency: atLeastOne }, 'queue.worker')

  const connection = all.connection instanceof URL ? all.connection.href : all.connection
  if (!aConnection.accepts(connection)) throw new FST_BGT_INVALID_OPTION('queue.connection', `it must be ${aConnection.expected}`)
  const kind = typeof connection === 'string' ? kindOfUrl(connection) as ServerKind : isForPostgres(connection) ? 'PostgreSQL' : 'Redis'
  if (typeof connection === 'string') checkUrl(new URL(connection), kind)
  else if ('connectionString' in connection && URL.canParse(String(connection.connectionString))) checkUrl(new URL(String(connection.connectionString)), kind)
  if (typeof connection === 'object' && 'keyPrefix' in connection) throw new FST_BGT_INVALID_OPTION('queue.connection.keyPrefix', 'BullMQ does not support it; use the option "queue.prefix"')
  if (prefix !== undefined && kind !== 'Redis') throw new FST_BGT_INVALID_OPTION('queue.prefix', `it is for Redis, and the queue is on ${kind}${kind === 'PostgreSQL' ? '; use the option "queue.schema"' : ''}`)
  if (schema !== undefined && kind !== 'PostgreSQL') throw new FST_BGT_INVALID_OPTION('queue.schema', `it is for PostgreSQL, and the queue is on ${kind}${kind === 'Redis' ? '; use the option "queue.prefix"' : ''}`)

  return {
    connection,
    kind,
    name: all.name ?? 'background-tasks',
    prefix,
    schema,
    enqueue: all.enqueue ?? 'afterResponse',
    attempts: all.attempts ?? 5,
    backoff: all.backoff ?? 1_000,
    keepCompleted: all.keepCompleted ?? 300,
    keepFailed: all.keepFailed ?? 604_800,
    /** How many jobs this process runs concurrently; `undefined` if it runs none. */
    concurrency: worker === false && kind !== 'memory' ? undefined : (typeof worker === 'object' ? worker : {}).concurrency ?? 10
  } as const
}

/** What {@link resolveQueueOptions} returns. */
export type ResolvedQueueOptions = ReturnType<typeof resolveQueueOptions>

function kindOfUrl (text: string): ServerKind | undefined {
  return URL.canParse(text) ? kinds[new URL(text).protocol] : undefined
}

function checkUrl ({ pathname, searchParams }: URL, kind: ServerKind): void {
  if (kind === 'Redis' && !/^\/?\d*$/.test(pathname)) throw new FST_BGT_INVALID_OPTION('queue.connection', 'its path must be the index of a Redis database, as in redis://localhost:6379/0')
  if (kind === 'Redis' && searchParams.has('keyPrefix')) throw new FST_BGT_INVALID_OPTION('queue.connection', 'BullMQ does not support ?keyPrefix=; use the option "queue.prefix"')
  if (kind === 'PostgreSQL' && searchParams.has('options')) throw new FST_BGT_INVALID_OPTION('queue.connection', 'BullMQ sets ?options= itself, for the search path; use the option "queue.schema"')
}

function isForPostgres (connection: object): boolean {
  return 'connectionString' in connection || 'database' in connection || 'query' in connection
}
