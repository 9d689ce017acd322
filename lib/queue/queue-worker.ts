import type { Job } from 'bullmq'
import { closingError } from '../core/errors.js'
import { clearTimeout, Late, limited, now, setTimeout, sleep } from '../core/timers.js'
import { Connection, connectInterval, type OpenWorker } from './connection.js'
import { HeldJob } from './held-job.js'
import type { RunnerOptions } from './job-run.js'
import { JobRunner } from './job-runner.js'
import type { ResolvedQueueOptions } from './queue-options.js'
import { isRefusal, throwRefusal, withoutArguments } from './server-error.js'

/** How long an app that starts waits for the worker, in milliseconds: Fastify gives a plugin 10 s. */
const longestStart = 2_000
/** How long a job stays with a worker that gives no sign of life, in milliseconds. */
const defaultLockDuration = 30_000
/** How often workers look for such jobs, for each duration of a lock. It must be the same in all workers. */
const looksPerLock = 2
/** How long a worker waits after a lost connection, in milliseconds. */
const runRetryDelay = 1_000
/** After how many errors within a second a worker pauses, and for how long, in milliseconds. */
const [burst, burstPause] = [10, 1_000]
/** A job may be lost any number of times: its tasks are counted, one by one. */
const maxStalledCount = 1_000_000
/** How long the server may take to release a worker that runs nothing any more, in milliseconds. */
const longestFarewell = 2_000

/** What a worker needs. */
export interface QueueWorkerOptions extends RunnerOptions {
  /** The queue's name. */
  readonly name: string
  /** How many jobs it runs concurrently. */
  readonly concurrency: number
  /**
   * For tests: how long a job stays with a worker that gives no sign of life, in milliseconds. It must be the same in all workers.
   * @default 30_000
   */
  readonly lockDuration?: number | undefined
}

/**
 * Starts a worker. If the server is unavailable, it resolves all the same, and the worker waits for it.
 *
 * @throws `FST_BGT_QUEUE_CONNECTION` if the server refuses us permanently; `FST_BGT_MISSING_DEPENDENCY`
 */
export async function startWorker (options: ResolvedQueueOptions, workerOptions: QueueWorkerOptions): Promise<QueueWorker> {
  return await QueueWorker.start(await Connection.load(options), workerOptions)
}

/** Takes jobs off a queue, as soon as its server is available, and runs them. */
export class QueueWorker {
  readonly #connection: Connection
  /** By this BullMQ leaves a job as it is, and takes the next one. It is one for all: its stack would cost a tenth of a job. */
  readonly #hasEnded: Error
  readonly #options: QueueWorkerOptions
  readonly #runner: JobRunner
  /** The jobs that it has, until the server knows how they ended. */
  readonly #held = new Set<HeldJob>()
  #open: OpenWorker | undefined
  #isClosing = false
  #isAbandoned = false
  /** The errors of the latest second. */
  #errors: number[] = []
  #lastError: string | undefined
  #pause: NodeJS.Timeout | undefined

  /** The same as `startWorker()`, with a connection that is loaded. */
  static async start (connection: Connection, options: QueueWorkerOptions): Promise<QueueWorker> {
    const worker = new QueueWorker(connection, options)
    const first = worker.#start()
    try {
      await limited(first, longestStart)
    } catch (error) {
      throwRefusal(error)
      worker.#keepTrying(first)
    }
    return worker
  }

  private constructor (connection: Connection, options: QueueWorkerOptions) {
    this.#connection = connection
    this.#hasEnded = new connection.bullMq.WaitingError()
    this.#options = options
    this.#runner = new JobRunner(options)
  }

  /** Takes no more jobs, and finishes those that it has. If the server does not answer, other workers have to end them. */
  async close (): Promise<void> {
    this.#isClosing = true
    clearTimeout(this.#pause)
    if (this.#open === undefined) return

    const { worker } = this.#open
    await worker.pause(true) // which stops BullMQ's timers, too
    const closed = worker.close()
    while (!this.#isAbandoned && !await isOver(closed, longestFarewell)) if (this.#runner.idleFor > longestFarewell) await this.abandon()
  }

  /** Tells tasks that are running to stop, and leaves their jobs to other workers. */
  async abandon (): Promise<void> {
    if (this.#isAbandoned) return

    this.#isClosing = this.#isAbandoned = true
    clearTimeout(this.#pause)
    this.#runner.abandon()
    for (const job of this.#held) job.abandon(closingError())
    if (this.#open === undefined) return

    const { worker, abandon } = this.#open
    abandon()
    await isOver(worker.close(true), longestFarewell)
  }

  /** @throws if the server is unavailable, or refuses us */
  async #start (): Promise<void> {
    const { functions, concurrency, name, log } = this.#options
    const { abandon } = await this.#connection.openQueue(name)
    abandon()
    if (this.#isClosing) return

    const open = this.#open = this.#openWorker()
    try {
      await limited(open.worker.waitUntilReady(), this.#connection.longestStart)
    } catch (error) {
      this.#open = undefined
      open.abandon()
      throw error
    }
    log.info({ queue: name, tasks: [...functions.keys()], concurrency }, 'worker started')
  }

  /** @param latest the try that is under way */
  async #keepTrying (latest: Promise<void>): Promise<void> {
    const { name, log } = this.#options
    let wasRefused: boolean | undefined
    for (;;) {
      try {
        return await latest
      } catch (error) {
        const isRefused = isRefusal(error)
        if (!this.#isClosing && isRefused !== wasRefused) log.warn({ err: withoutArguments(error), queue: name }, `${this.#connection.options.kind} is unavailable: the worker is waiting for it`)
        wasRefused = isRefused
      }
      await sleep(connectInterval)
      if (this.#isClosing) return
      latest = this.#start()
    }
  }

  #openWorker (): OpenWorker {
    const { name, concurrency, lockDuration = defaultLockDuration } = this.#options
    const open = this.#connection.openWorker(name, async (job, token) => { await this.#run(job, token as string, lockDuration) }, {
      concurrency,
      lockDuration,
      skipLockRenewal: true, // each job renews its own lock, to know when that was
      stalledInterval: lockDuration / looksPerLock,
      runRetryDelay,
      maxStalledCount
    })
    open.worker.on('error', (error) => { if (this.#open === open) this.#noteError(error, open) })
    return open
  }

  async #run (job: Job, token: string, lockDuration: number): Promise<void> {
    const { bullMq } = this.#connection
    const held = new HeldJob(job, token, lockDuration, this.#options.log, bullMq)
    this.#lastError = undefined
    this.#held.add(held)
    if (this.#isAbandoned) held.abandon(closingError()) // it was on its way
    await held.end(await this.#runner.run(held))
    this.#held.delete(held)
    throw this.#hasEnded
  }

  /** While the server is unavailable, each of the worker's connections says so each second; one that refuses everything does at each try. */
  #noteError (error: Error, { worker }: OpenWorker): void {
    if (this.#isClosing) return

    const err = withoutArguments(error)
    if (this.#lastError === undefined) this.#options.log.warn({ err }, `the worker got an error from the queue's server, and tries again: ${err.message}`)
    this.#lastError = error.message
    const time = now()
    this.#errors = this.#errors.filter((earlier) => time - earlier < 1_000).concat(time)
    if (this.#errors.length < burst || this.#pause !== undefined) return

    worker.pause(true).catch(() => {})
    this.#pause = setTimeout(() => {
      this.#pause = undefined
      this.#errors = []
      worker.resume().catch(() => {})
    }, burstPause)
  }
}

/** Whether a worker has closed, within some time. */
async function isOver (closed: Promise<void>, milliseconds: number): Promise<boolean> {
  return await limited(closed, milliseconds).then(() => true, (error: unknown) => !(error instanceof Late))
}
