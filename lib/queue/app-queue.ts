import type { TaskStore } from '../core/owner.js'
import type { TaskLogger } from '../core/task-logger.js'
import { limited, setTimeout, sleep } from '../core/timers.js'
import { Connection, type JobQueue } from './connection.js'
import type { RunnerOptions } from './job-run.js'
import { JobSender } from './job-sender.js'
import { MemoryQueue } from './memory-queue.js'
import { QueueStore, type StoreOptions } from './outbox.js'
import type { ResolvedQueueOptions } from './queue-options.js'
import { QueueWorker } from './queue-worker.js'
import { ServerLink } from './server-link.js'
import { Transactions } from './transaction.js'

/** How often a queue is asked whether it is empty, in milliseconds. */
const busyInterval = 20
/** How long the server may take to answer that, in milliseconds. */
const longestAnswer = 2_000
/** After how long a job that no worker has begun is looked at, in milliseconds. */
const longestUnattended = 30_000

export interface AppQueueOptions extends Omit<StoreOptions, 'queue' | 'transactions'> {
  readonly log: TaskLogger
  /** For tests: after how long a queue that no worker takes from is a warning, in milliseconds. */
  readonly unattendedWait?: number | undefined
}

/** An app's queue: where it stores its tasks, and the process's own worker, if there is one. */
export interface AppQueue {
  readonly store: TaskStore
  /** Whether this process runs jobs: call `work()` when the task modules are loaded. */
  readonly hasWorker: boolean
  /** @throws `FST_BGT_QUEUE_CONNECTION` */
  work (options: RunnerOptions): Promise<void>
  /** Resolves when no job is left that this process's worker would take; at once if it has none. */
  idle (): Promise<void>
  /** Takes no more jobs in this process, and finishes those that it has: of those in memory, all. */
  closeWorker (): Promise<void>
  /** Shutdown has taken too long: tells tasks that are running to stop, and leaves their jobs to other workers. */
  abandonWorker (): Promise<void>
  /** Disconnects, once the worker is closed or abandoned. Gives up what is still being stored: wait for its collections first. */
  close (): Promise<void>
}

/**
 * Opens an app's queue. A server that is unavailable is one warning, and is tried again each second.
 *
 * @throws `FST_BGT_QUEUE_CONNECTION` if the server refuses us permanently; `FST_BGT_MISSING_DEPENDENCY`
 */
export async function openAppQueue (options: ResolvedQueueOptions, appOptions: AppQueueOptions): Promise<AppQueue> {
  return options.kind === 'memory' ? openInMemory(options, appOptions) : await OnServer.open(options, appOptions)
}

/** `memory:`: the process is its own worker. */
function openInMemory (queue: ResolvedQueueOptions, options: AppQueueOptions): AppQueue {
  const memory = new MemoryQueue(queue.concurrency as number)
  return {
    hasWorker: true,
    store: new QueueStore({ ...options, queue }, () => memory),
    async work (options) { memory.start(options) },
    async idle () { await memory.idle() },
    async closeWorker () { await memory.idle() },
    async abandonWorker () { memory.abandon() },
    async close () { memory.abandon() }
  }
}

/** Redis or PostgreSQL. */
class OnServer implements AppQueue {
  readonly hasWorker: boolean
  readonly store: QueueStore<JobSender>
  readonly #connection: Connection
  readonly #link: ServerLink
  #worker: QueueWorker | undefined

  static async open (options: ResolvedQueueOptions, appOptions: AppQueueOptions): Promise<OnServer> {
    const queue = new OnServer(await Connection.load(options), options, appOptions)
    await queue.#link.connect(queue.store.targetOf(options.name))
    return queue
  }

  private constructor (connection: Connection, options: ResolvedQueueOptions, { log, unattendedWait, ...storeOptions }: AppQueueOptions) {
    this.hasWorker = options.concurrency !== undefined
    this.#connection = connection
    this.#link = new ServerLink(connection, log)
    const transactions = options.kind === 'PostgreSQL' ? new Transactions(connection, options, log) : undefined
    this.store = new QueueStore({ ...storeOptions, queue: options, transactions }, (name) => {
      const isOwn = name === options.name
      const watch = isOwn && this.hasWorker ? undefined : new UnattendedWatch(name, log, unattendedWait)
      const sender = new JobSender(name, this.#link, options, log, (queue, id) => { watch?.stored(queue, id) })
      if (!isOwn) this.#link.join(sender)
      return sender
    })
  }

  async work (options: RunnerOptions): Promise<void> {
    const { name, concurrency } = this.#connection.options
    if (concurrency !== undefined) this.#worker = await QueueWorker.start(this.#connection, { ...options, name, concurrency })
  }

  async idle (): Promise<void> {
    while (this.#worker !== undefined && await this.#countJobs() > 0) await sleep(busyInterval)
  }

  async closeWorker (): Promise<void> {
    await this.#worker?.close()
  }

  async abandonWorker (): Promise<void> {
    await this.#worker?.abandon()
  }

  async close (): Promise<void> {
    await Promise.all(this.store.targets.map(async (sender) => { await sender.close() }))
    await this.#link.close()
  }

  /** How many jobs are left; 0 if the server does not say. */
  async #countJobs (): Promise<number> {
    const { queue } = this.store.targetOf(this.#connection.options.name)
    if (queue === undefined) return 0
    return await limited(queue.getJobCountByTypes('waiting', 'active', 'delayed', 'prioritized'), longestAnswer).catch(() => 0)
  }
}

/** Warns once if no worker takes jobs off a queue. It watches one of the jobs that this process has stored, not all. */
class UnattendedWatch {
  readonly #name: string
  readonly #log: TaskLogger
  readonly #longestWait: number
  #isWatching = false
  #hasWarned = false

  constructor (name: string, log: TaskLogger, wait = longestUnattended) {
    this.#name = name
    this.#log = log
    this.#longestWait = wait
  }

  /** A job was stored. */
  stored (queue: JobQueue, id: string): void {
    if (this.#isWatching) return

    this.#isWatching = true
    setTimeout(() => {
      limited(this.#look(queue, id), longestAnswer).catch(() => {}).finally(() => { this.#isWatching = false })
    }, this.#longestWait).unref()
  }

  async #look (queue: JobQueue, id: string): Promise<void> {
    const job = await queue.getJob(id)
    const isWaiting = job !== undefined && job.processedOn === undefined && await queue.getActiveCount() === 0 && await queue.getWorkersCount() === 0
    if (isWaiting && !this.#hasWarned) this.#log.warn({ queue: this.#name, job: id }, `no worker runs the jobs of the queue "${this.#name}": start one with the command fastify-background-tasks worker`)
    this.#hasWarned = isWaiting
  }
}
