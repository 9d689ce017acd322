import { once, type EventEmitter } from 'node:events'
import { Socket } from 'node:net'
import type { BackendFactory, IQueueBackend, JobProgress, Processor, Queue, Worker, WorkerOptions } from 'bullmq'
import type { ClientConfig } from 'pg'
import { loadOptional } from '../optional.js'
import { limited } from './limited.js'

type BullMq = typeof import('bullmq')
type PgClient = typeof import('pg').Client
type JobQueue = Queue<any, any, string, any, any, string, IQueueBackend, any>
type JobWorker = Worker<any, any, string, IQueueBackend, JobProgress, any>

/** How long a server may take to accept a connection, in milliseconds. */
export const longestConnect = 2_000
/** How long it may take until PostgreSQL has its tables, in milliseconds: up to forty questions, which may have a long way to go. */
const longestMigration = 3_000
/** How often a server that is away is asked whether it is back, in milliseconds. */
export const connectInterval = 1_000

/** How long a Redis server may take to end a connection, in milliseconds: ioredis keeps the process alive for it. */
const disconnectTimeout = 200

/** Who opened a queue opens it again: ioredis would do it by itself, but hold back or repeat what was asked for meanwhile. */
const failFast = { connectTimeout: longestConnect, enableOfflineQueue: false, maxRetriesPerRequest: 1, retryStrategy: () => null }
/** BullMQ asks for it where a connection waits for jobs. */
const waitForever = { maxRetriesPerRequest: null }

/** A client of the application's own: of pg, of ioredis, which has a status, or of another one of Redis. */
type Client = EventEmitter & { query? (text: string): Promise<unknown>, status?: string }

/** A connection of the server's side, and what ends it for good. */
export interface OpenQueue {
  readonly queue: JobQueue
  /** Ends it though the server may not answer. */
  abandon (): void
}

/** The connection of a worker, and what ends it for good. */
export interface OpenWorker {
  readonly worker: JobWorker
  /** Cancels what it runs and ends it, though it may wait for a job that never ends, or the server may not answer. */
  abandon (): void
}

/** BullMQ with Redis or PostgreSQL. */
export class Engine {
  readonly bullMq: BullMq
  readonly #name: string
  readonly #connection: string | object
  readonly #isPostgres: boolean
  /** Where it opens connections to PostgreSQL. */
  readonly #pgClient: PgClient | undefined

  /** @throws `FST_BGT_MISSING_DEPENDENCY` where bullmq, or the server's client, is not installed */
  static async load (name: string, connection: string | object): Promise<Engine> {
    const bullMq = await loadOptional<BullMq>('queue', 'bullmq')
    const isPostgres = isForPostgres(connection)
    if (isClient(connection)) return new Engine(bullMq, name, connection, isPostgres)
    if (isPostgres) return new Engine(bullMq, name, connection, isPostgres, clientThatFailsAlone((await loadOptional<typeof import('pg')>('queue', 'pg')).default.Client))

    await loadOptional('queue', 'ioredis')
    return new Engine(bullMq, name, connection, isPostgres)
  }

  private constructor (bullMq: BullMq, name: string, connection: string | object, isPostgres: boolean, pgClient?: PgClient) {
    this.bullMq = bullMq
    this.#name = name
    this.#connection = connection
    this.#isPostgres = isPostgres
    this.#pgClient = pgClient
  }

  /** Whether the connection is a client, which serves others, too, and is not to be closed here. */
  get isShared (): boolean {
    return isClient(this.#connection)
  }

  /** How long the server may take until it is ready, in milliseconds. */
  get longestStart (): number {
    return this.#isPostgres ? longestConnect + longestMigration : longestConnect
  }

  /**
   * Opens the queue for those who add jobs. Commands fail at once where the connection is lost.
   *
   * @throws where the server cannot be reached
   */
  async open (): Promise<OpenQueue> {
    const { isShared } = this
    if (isShared) await reach(this.#connection as Client)
    const sockets = new Set<Socket>()
    const queue: JobQueue = new this.bullMq.Queue(this.#name, { connection: this.#connect(failFast, sockets) }, this.#backend)
    const abandon = () => {
      queue.close().catch(() => {})
      disconnect(queue, isShared, sockets)
    }

    queue.on('error', () => {}) // told by what fails
    try {
      await limited(queue.waitUntilReady(), this.longestStart)
    } catch (error) {
      abandon()
      throw error
    }
    return { queue, abandon }
  }

  /** A worker, which connects again by itself. */
  work (processor: Processor, options: Omit<WorkerOptions, 'connection'>): OpenWorker {
    const { isShared } = this
    const sockets = new Set<Socket>()
    const worker: JobWorker = new this.bullMq.Worker(this.#name, processor, { ...options, connection: this.#connect(waitForever, sockets) }, this.#backend)
    return {
      worker,
      abandon () {
        worker.cancelAllJobs()
        worker.close(true).catch(() => {})
        stopTimers(worker)
        disconnect(worker, isShared, sockets)
      }
    }
  }

  get #backend (): BackendFactory<IQueueBackend, any> {
    return this.#isPostgres ? this.bullMq.createPostgresBackend : this.bullMq.createRedisBackend
  }

  /** What BullMQ takes as a connection. */
  #connect (redisOptions: object, sockets: Set<Socket>): object {
    if (typeof this.#connection === 'object' && this.isShared) return this.#connection
    return this.#isPostgres ? postgresOptions(this.#connection, sockets, this.#pgClient) : { ...asOptions(this.#connection, 'url'), disconnectTimeout, ...redisOptions }
  }
}

function postgresOptions (connection: string | object, sockets: Set<Socket>, Client?: PgClient): object {
  const own = asOptions(connection, 'connectionString')
  return {
    connectionTimeoutMillis: longestConnect,
    stream: () => keep(new Socket(), sockets),
    Client,
    ...(!('migrate' in own) && !('skipMigrations' in own) && { migrate: true }),
    ...own
  }
}

function asOptions (connection: string | object, nameOfUrl: string): object {
  return typeof connection === 'string' ? { [nameOfUrl]: connection } : connection
}

/** A client of the application's own is left open. */
function disconnect (open: JobQueue | JobWorker, isShared: boolean, sockets: Set<Socket>): void {
  if (!isShared) open.disconnect().catch(() => {})
  for (const socket of sockets) socket.destroy()
}

/** A worker that is closing already, and waits for a job, does so only once the job has ended: until then its timers keep the process alive. */
function stopTimers (worker: JobWorker): void {
  const { lockManager, stalledCheckStopper } = worker as unknown as { lockManager: { close (): Promise<void> }, stalledCheckStopper?: () => void } // not public
  lockManager.close().catch(() => {})
  stalledCheckStopper?.()
}

/** pg ends a connection by asking the server, which may not answer. */
function keep (socket: Socket, sockets: Set<Socket>): Socket {
  sockets.add(socket)
  return socket.once('close', () => sockets.delete(socket))
}

/**
 * BullMQ does not listen to a client that it has taken out of its pool, in which it migrates, say: where such a one loses
 * its connection, the process would end. What was asked of it fails in any case.
 */
function clientThatFailsAlone (Client: PgClient): PgClient {
  return class extends Client {
    constructor (config?: ClientConfig) {
      super(config)
      this.on('error', () => {})
    }
  }
}

/** BullMQ leaves listeners on a client of the application's own, one more with each try: it is to have none while the server is away. */
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
function isClient (connection: string | object): boolean {
  return typeof connection === 'object' && (['connect', 'query', 'sendCommand', 'defineCommand'] as const).some((method) => typeof (connection as Record<string, unknown>)[method] === 'function')
}

function isForPostgres (connection: string | object): boolean {
  if (typeof connection === 'string') return /^postgres(ql)?:/.test(connection)
  return 'connectionString' in connection || 'database' in connection || 'query' in connection
}
