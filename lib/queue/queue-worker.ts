import { messageOf } from '../core/errors.js'
import type { TaskLogger } from '../core/task-logger.js'
import { clearTimeout, limited, now, setTimeout } from '../core/timers.js'
import type { Connection, OpenWorker } from './connection.js'
import { HeldJob } from './held-job.js'
import type { RunnerOptions } from './job-run.js'
import { JobRunner } from './job-runner.js'
import { withoutArguments } from './server-error.js'

/** How long a job stays with a worker that gives no sign of life, in milliseconds. */
export const defaultLockDuration = 30_000
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

/** Takes jobs off a queue, and runs them. */
export class QueueWorker {
  readonly runner: JobRunner
  readonly #connection: Connection
  readonly #open: OpenWorker
  readonly #log: TaskLogger
  #isClosing = false
  #isAbandoned = false
  /** The errors of the latest second. */
  #errors: number[] = []
  #lastError: string | undefined
  #pause: NodeJS.Timeout | undefined

  constructor (connection: Connection, options: QueueWorkerOptions) {
    const { name, concurrency, log, lockDuration = defaultLockDuration } = options
    const { bullMq } = connection
    this.runner = new JobRunner(options)
    this.#connection = connection
    this.#log = log
    this.#open = connection.openWorker(name, async (job, token) => {
      this.#lastError = undefined
      const held = new HeldJob(job, token as string, lockDuration, log, bullMq)
      await held.end(await this.runner.run(held))
      throw new bullMq.WaitingError() // BullMQ leaves the job as it is, and takes the next one
    }, {
      concurrency,
      lockDuration,
      skipLockRenewal: true, // each job renews its own lock, to know when that was
      stalledInterval: lockDuration / looksPerLock,
      runRetryDelay,
      maxStalledCount
    })
    this.#open.worker.on('error', (error) => { this.#noteError(error) })
  }

  /** Resolves to true when it takes jobs; to false if the server is unavailable again, and it never will. */
  async ready (): Promise<boolean> {
    try {
      await limited(this.#open.worker.waitUntilReady(), this.#connection.longestStart)
      return true
    } catch {
      await this.abandon()
      return false
    }
  }

  /** Takes no more jobs, and finishes those that it has. If the server does not answer, other workers have to end them. */
  async close (): Promise<void> {
    this.#isClosing = true
    clearTimeout(this.#pause)
    const { worker } = this.#open
    await worker.pause(true) // which stops BullMQ's timers, too
    const closed = worker.close()
    while (!this.#isAbandoned && !await isOver(closed, longestFarewell)) if (this.runner.idleFor > longestFarewell) await this.abandon()
  }

  /** Tells tasks that are running to stop, and leaves their jobs to other workers. */
  async abandon (): Promise<void> {
    if (this.#isAbandoned) return

    this.#isAbandoned = true
    clearTimeout(this.#pause)
    this.runner.abandon()
    this.#open.abandon()
    await isOver(this.#open.worker.close(true), longestFarewell)
  }

  /** While the server is unavailable, each of the worker's connections says so each second; one that refuses everything does at each try. */
  #noteError (error: Error): void {
    if (this.#isClosing || this.#isAbandoned) return

    if (this.#lastError === undefined) this.#log.warn({ err: withoutArguments(error) }, `the worker got an error from the queue's server, and tries again: ${messageOf(error)}`)
    this.#lastError = error.message
    const time = now()
    this.#errors = this.#errors.filter((earlier) => time - earlier < 1_000).concat(time)
    if (this.#errors.length >= burst && this.#pause === undefined) this.#takeBreath()
  }

  #takeBreath (): void {
    const { worker } = this.#open
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
  return await limited(closed, milliseconds).then(() => true, () => false)
}
