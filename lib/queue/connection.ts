import { once, type EventEmitter } from 'node:events'
import { Socket } from 'node:net'
import type { BackendFactory, IQueueBackend, JobProgress, Processor, Queue, Worker, WorkerOptions } from 'bullmq'
import type { ClientConfig } from 'pg'
import { FST_BGT_MISSING_DEPENDENCY } from '../core/errors.js'
import { loadOptional } from '../core/option-rules.js'
import { limited } from '../core/timers.js'
import { preparePostgres } from './postgres.js'
import type { ResolvedQueueOptions } from './queue-options.js'

export type BullMq = typeof import('bullmq')
export type JobQueue = Queue<any, any, string, any, any, string, IQueueBackend, any>
export type JobWorker = Worker<any, any, string, IQueueBackend, JobProgress, any>
type PgClient = typeof import('pg').Client

/** How long a server may take to accept a connection, in milliseconds. */
const longestConnect = 2_000
/** How long it may take until PostgreSQL has its tables, in milliseconds: up to forty statements, which may have a long way to go. */
const longestMigration = 3_000
/** How often a server that is unavailable is tried again, in milliseconds. */
export const connectInterval = 1_000
/** How long a Redis server may take to end a connection, in milliseconds: ioredis keeps the process alive for it. */
const disconnectTimeout = 200
/** How many events of the queue Redis keeps: nothing here reads them. */
const mostEvents = 100

/** Whoever opened a queue opens it again: ioredis would do it by itself, but hold back or repeat what was sent meanwhile. */
const failFast = { connectTimeout: longestConnect, enableOfflineQueue: false, maxRetriesPerRequest: 1, retryStrategy: () => null }
/**
 * A worker connects again by itself, also if its server has become a replica. What could not be sent fails meanwhile: a record
 * that arrives late would undo those of the worker that has the job by then.
 */
const forWorkers = { enableOfflineQueue: false, maxRetriesPerRequest: 0, retryStrategy: () => connectInterval, reconnectOnError: ({ message }: Error) => message.startsWith('READONLY') }

/** A client of the application's own: of pg, of ioredis, which has a status, or another one of Redis. */
type Client = EventEmitter & { query? (text: string): Promise<unknown>, status?: string }

/** A queue that is open for storing, and what disconnects it though the server may not answer. */
export interface OpenQueue {
  readonly queue: JobQueue
  abandon (): void
}

/** A worker, and what disconnects it though the server may not answer. */
export interface OpenWorker {
  readonly worker: JobWorker
  abandon (): void
}

/** How to reach the queue's server with BullMQ: Redis or PostgreSQL. */
export class Connection {
  readonly bullMq: BullMq
  readonly options: ResolvedQueueOptions
  readonly #Client: PgClient | undefined

  /** @throws `FST_BGT_MISSING_DEPENDENCY` if bullmq, or the server's client, is not installed */
  static async load (options: ResolvedQueueOptions): Promise<Connection> {
    const client = options.kind === 'PostgreSQL' ? 'pg' : 'ioredis'
    const names = isClient(options.connection) && client === 'ioredis' ? ['bullmq'] : ['bullmq', client]
    const loaded = await Promise.allSettled(names.map(async (name) => await loadOptional<any>('queue', name)))
    const missing = names.filter((_name, i) => (loaded[i] as Partial<PromiseRejectedResult>).reason?.code === 'FST_BGT_MISSING_DEPENDENCY')
    if (missing.length > 0) throw new FST_BGT_MISSING_DEPENDENCY('queue', missing.join(' and '), missing.join(' '))

    const [bullMq, pg] = loaded.map((result) => { if (result.status === 'rejected') throw result.reason; return result.value })
    return new Connection(bullMq, options, client === 'pg' ? clientThatFailsAlone(pg.default.Client) : undefined)
  }

  private constructor (bullMq: BullMq, options: ResolvedQueueOptions, Client: PgClient | undefined) {
    this.bullMq = bullMq
    this.options = options
    this.#Client = Client
  }

  /**
   * Opens a queue for storing. Commands fail at once if the connection is lost.
   *
   * @throws if the server cannot be reached, or refuses us
   */
  async openQueue (name: string): Promise<OpenQueue> {
    await this.#prepare(name)
    const sockets = new Set<Socket>()
    const { prefix } = this.options
    const queue: JobQueue = new this.bullMq.Queue(name, { connection: this.#connect(failFast, sockets), prefix, streams: { events: { maxLen: mostEvents } } }, this.#backend)
    const abandon = (): void => {
      queue.close().catch(() => {})
      this.#disconnect(queue, sockets)
    }

    // Some refusals show in this event alone: a Redis database whose index is out of range.
    let refused!: (error: Error) => void
    const refusal = new Promise<never>((_resolve, reject) => { refused = reject })
    queue.on('error', (error) => { refused(error) })
    try {
      await limited(Promise.race([this.#tryToWrite(queue), refusal]), longestConnect)
      return { queue, abandon }
    } catch (error) {
      abandon()
      throw error
    }
  }

  /** Opens a worker, which connects again by itself. */
  openWorker (name: string, processor: Processor, options: Omit<WorkerOptions, 'connection'>): OpenWorker {
    const sockets = new Set<Socket>()
    const { prefix } = this.options
    const worker: JobWorker = new this.bullMq.Worker(name, processor, { ...options, prefix, connection: this.#connect(forWorkers, sockets) }, this.#backend)
    return {
      worker,
      abandon: () => {
        worker.close(true).catch(() => {})
        this.#disconnect(worker, sockets)
      }
    }
  }

  /** Asks PostgreSQL for one row: over a connection for this alone, or through the application's own client. */
  async ask (sql: string): Promise<Record<string, unknown>> {
    const { connection } = this.options
    const query = async (client: InstanceType<PgClient>): Promise<Record<string, unknown>> => (await client.query(sql)).rows[0]
    return await (isClient(connection) ? limited(query(connection as InstanceType<PgClient>), longestConnect) : this.#withClient(longestConnect, query))
  }

  /** How long the server may take until it is ready, in milliseconds. */
  get longestStart (): number {
    return longestConnect + (this.options.kind === 'PostgreSQL' ? longestMigration : 0)
  }

  /** A replica answers whatever does not write. PostgreSQL was asked before. */
  async #tryToWrite (queue: JobQueue): Promise<void> {
    await queue.waitUntilReady()
    if (this.options.kind === 'Redis') await queue.trimEvents(mostEvents)
  }

  async #prepare (name: string): Promise<void> {
    const { connection, kind, schema } = this.options
    if (isClient(connection)) return await reach(connection as Client)
    if (kind !== 'PostgreSQL') return

    await this.#withClient(this.longestStart, async (client, { migrate }) => { await preparePostgres(client, this.bullMq, { name, schema, migrate: migrate !== false }) })
  }

  /** Connects to PostgreSQL for one purpose. Takes no longer than some milliseconds. */
  async #withClient<T> (milliseconds: number, use: (client: InstanceType<PgClient>, config: { migrate?: boolean }) => Promise<T>): Promise<T> {
    const sockets = new Set<Socket>()
    const config = this.#postgresOptions(sockets)
    const client = new (this.#Client as PgClient)(config)
    try {
      return await limited(client.connect().then(() => use(client, config as { migrate?: boolean })), milliseconds)
    } finally {
      for (const socket of sockets) socket.destroy()
    }
  }

  get #backend (): BackendFactory<IQueueBackend, any> {
    return this.options.kind === 'PostgreSQL' ? this.bullMq.createPostgresBackend : this.bullMq.createRedisBackend
  }

  /** What BullMQ takes as a connection. */
  #connect (redisOptions: object, sockets: Set<Socket>): object {
    const { connection, kind } = this.options
    if (isClient(connection)) return connection as object
    if (kind === 'PostgreSQL') return { ...this.#postgresOptions(sockets), migrate: undefined, skipMigrations: undefined }
    return { ...asOptions(connection, 'url'), disconnectTimeout, ...redisOptions }
  }

  /** Each socket is kept: pg ends a connection by asking the server, which may not answer. */
  #postgresOptions (sockets: Set<Socket>): ClientConfig {
    const { connection, schema } = this.options
    const { skipMigrations, ...own } = asOptions(connection, 'connectionString') as Record<string, unknown>
    return {
      connectionTimeoutMillis: longestConnect,
      stream: () => keep(new Socket(), sockets),
      Client: this.#Client,
      ...own,
      ...(skipMigrations === true && { migrate: false }),
      ...(schema !== undefined && { schema })
    } as ClientConfig
  }

  /** A client of the application's own is left open. */
  #disconnect (open: JobQueue | JobWorker, sockets: Set<Socket>): void {
    if (!isClient(this.options.connection)) open.disconnect().catch(() => {})
    for (const socket of sockets) socket.destroy()
  }
}

function asOptions (connection: string | object, nameOfUrl: string): object {
  return typeof connection === 'string' ? { [nameOfUrl]: connection } : connection
}

function keep (socket: Socket, sockets: Set<Socket>): Socket {
  sockets.add(socket)
  return socket.once('close', () => sockets.delete(socket))
}

/** BullMQ and pg do not listen to a client that is out of its pool: if such a one lost its connection, the process would end. */
function clientThatFailsAlone (Client: PgClient): PgClient {
  return class extends Client {
    constructor (config?: ClientConfig) {
      super(config)
      this.on('error', () => {})
    }
  }
}

/** BullMQ leaves listeners on a client of the application's own, one more with each try: it is to have none while the server is unavailable. */
async function reach (client: Client): Promise<void> {
  if (client.query !== undefined) {
    await limited(client.query('SELECT 1'), longestConnect)
    return
  }
  if (client.status === undefined || ['ready', 'wait'].includes(client.status)) return // "wait": BullMQ has it connect

  const waiting = new AbortController()
  await limited(once(client, 'ready', { signal: waiting.signal }), longestConnect).finally(() => { waiting.abort() })
}

/** A client, rather than options for one. */
export function isClient (connection: string | object): boolean {
  return typeof connection === 'object' && (['connect', 'query', 'sendCommand', 'defineCommand'] as const).some((method) => typeof (connection as Record<string, unknown>)[method] === 'function')
}
