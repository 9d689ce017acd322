import type { FastifyBaseLogger } from 'fastify'
import { setMaxListeners } from 'node:events'
import type { Job } from 'bullmq'
import type { TaskFunction } from '../core/background-task.js'
import { FST_BGT_ARGUMENT, FST_BGT_QUEUE_UNAVAILABLE } from '../core/errors.js'
import type { Queue } from '../core/executions/execution.js'
import { messageOf } from '../core/message-of.js'
import { nameOf } from '../core/task-name.js'
import { connectInterval, type Engine, type OpenQueue } from './engine.js'
import type { JobData } from './job-data.js'
import { findLoss } from './json.js'
import { Late, limited } from './limited.js'
import { QueueLane } from './queue-lane.js'
import type { ResolvedQueueOptions } from './queue-options.js'

/** How long the server may take to store jobs, in milliseconds. */
const longestStore = 2_000
/** The most jobs that travel together. */
const mostJobs = 200
/** How many characters of JSON travel together at most, unless one job has more: else the server could not answer in time. */
const mostCharacters = 4_000_000
/** The most such batches on their way at once: this process makes the next while the server is at one. */
const mostBatches = 2
/** The most jobs of which it is unknown whether they were stored that are remembered. */
const mostDoubtful = 10_000
/** The backoff of jobs is of our own: it goes by the attempts at a task. */
const backoffType = 'background-tasks'

/** How long jobs are kept when they have ended, in seconds, and how many. */
const keepCompleted = { age: 3_600, count: 1_000 }
const keepFailed = { age: 7 * 24 * 3_600 }

/** A job to be stored. */
export interface NewJob {
  readonly id: string
  readonly data: JobData
  /** For how long workers leave it alone, in milliseconds, unless it is released before. */
  readonly delay: number
}

interface Waiting {
  readonly job: NewJob
  /** In characters of JSON. */
  readonly size: number
  resolve (): void
  reject (error: unknown): void
}

/** Stores jobs on the server. */
export class JobStore implements Queue {
  readonly options: ResolvedQueueOptions
  readonly #engine: Engine
  readonly #log: FastifyBaseLogger
  #open: OpenQueue | undefined
  #waiting: Waiting[] = []
  #isScheduled = false
  /** What is on its way to the server. */
  readonly #storing = new Set<Promise<void>>()
  /** Questions about jobs that are stored. */
  readonly #asking = new Set<Promise<void>>()
  /** Jobs that the server is not to have, and of which it has not said so: their tasks have run, or are not to run. */
  readonly #doubtful = new Set<string>()
  #probe: NodeJS.Timeout | undefined
  #isClosed = false
  readonly #hurry = new AbortController()

  constructor (engine: Engine, options: ResolvedQueueOptions, log: FastifyBaseLogger) {
    this.#engine = engine
    this.options = options
    this.#log = log
    setMaxListeners(0, this.#hurry.signal) // as many as there are collections that wait for workers
  }

  /** Connects to the server, if it is there. */
  async connect (): Promise<void> {
    await this.#connect().catch((error: unknown) => { this.#lost(error) })
  }

  openLane (stops: boolean): QueueLane {
    return new QueueLane(this, stops ? 'stop' : 'continue')
  }

  check (func: TaskFunction, args: unknown[]): void {
    const loss = findLoss(args)
    if (loss === undefined) return

    const position = Number(/^\[(\d+)/.exec(loss.path)?.[1] ?? 0) + 1
    throw new FST_BGT_ARGUMENT(nameOf(func), 'on a queue', `its argument ${position} (args${loss.path}) does not survive JSON: it is ${loss.problem}`)
  }

  /** From now on nobody waits for workers. */
  hurry (): void {
    this.#hurry.abort()
  }

  /** Aborts when nobody should wait for workers any more. */
  get hurrying (): AbortSignal {
    return this.#hurry.signal
  }

  /**
   * Stores a job, together with those of the same turn of the event loop, and with those that come while the server is busy.
   *
   * @throws `FST_BGT_QUEUE_UNAVAILABLE`
   */
  store (job: NewJob): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#open === undefined) return reject(unavailable())

      this.#waiting.push({ job, size: JSON.stringify(job.data).length, resolve, reject })
      this.#schedule()
    })
  }

  /** Lets workers have a job that was stored with a delay. */
  async release (id: string): Promise<void> {
    await this.#askJob(id, (job) => job.promote())
  }

  /** Keeps workers from a job that was stored with a delay for so many milliseconds from now. */
  async delay (id: string, milliseconds: number): Promise<void> {
    await this.#askJob(id, (job) => job.changeDelay(milliseconds))
  }

  /** Takes a job back, if no worker has it; where the server is away, as soon as it is back. */
  async withdraw (id: string): Promise<void> {
    this.#doubt(id)
    await this.#ask((open) => this.#takeBack(open, id))
  }

  /** `'completed'` or `'failed'` where a job has ended, `'unknown'` where it is gone; else where it is. */
  async stateOf (id: string): Promise<string> {
    return this.#open === undefined ? 'unreachable' : await limited(this.#open.queue.getJobState(id), longestStore)
  }

  /** Whether any worker is there to take jobs. */
  async hasWorkers (): Promise<boolean> {
    return this.#open !== undefined && await limited(this.#open.queue.getWorkersCount(), longestStore) > 0
  }

  /** How many jobs wait or are at work. */
  async countJobs (): Promise<number> {
    return this.#open === undefined ? 0 : await limited(this.#open.queue.getJobCountByTypes('waiting', 'active', 'delayed', 'prioritized'), longestStore)
  }

  /** Stores what waits, and disconnects. */
  async close (): Promise<void> {
    while (this.#storing.size > 0 || this.#isScheduled) await (this.#isScheduled ? new Promise((resolve) => { setImmediate(resolve) }) : Promise.race(this.#storing))
    await limited(Promise.allSettled(this.#asking), longestStore).catch(() => {})
    this.#isClosed = true
    clearTimeout(this.#probe)
    const open = this.#open
    this.#open = undefined
    if (open !== undefined) await limited(open.queue.close(), longestStore).catch(() => { open.abandon() })
  }

  async #connect (): Promise<void> {
    const open = await this.#engine.open()
    if (this.#isClosed) return open.abandon()

    this.#probe = undefined // whether it is lost again or not
    this.#open = open
    open.queue.on('ioredis:close', () => { if (this.#open === open) this.#lost(new Error('the connection has closed')) })
    await this.#withdraw(open)
  }

  #schedule (): void {
    if (this.#isScheduled || this.#storing.size >= mostBatches) return

    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      const storing = this.#storeWaiting().finally(() => {
        this.#storing.delete(storing)
        this.#goOn()
      })
      this.#storing.add(storing)
      this.#goOn()
    })
  }

  #goOn (): void {
    if (this.#waiting.length > 0) this.#schedule()
  }

  async #storeWaiting (): Promise<void> {
    const batch = this.#nextBatch()
    try {
      await this.#add(batch)
      for (const { resolve } of batch) resolve()
    } catch (error) {
      if (error instanceof Late || !await this.#answers()) return this.#fail(batch, error)
      await this.#storeEach(batch)
    }
  }

  #nextBatch (): Waiting[] {
    let sum = 0
    const end = this.#waiting.findIndex(({ size }, i) => i === mostJobs || ((sum += size) > mostCharacters && i > 0))
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end)
  }

  /** One of them is not to the server's taste; the others are not to suffer for it. */
  async #storeEach (batch: Waiting[]): Promise<void> {
    for (const [i, waiting] of batch.entries()) {
      try {
        await this.#add([waiting])
        waiting.resolve()
      } catch (error) {
        if (error instanceof Late) return this.#fail(batch.slice(i), error)
        waiting.reject(unavailable(error))
      }
    }
  }

  async #add (batch: Waiting[]): Promise<void> {
    const open = this.#open
    if (open === undefined) throw new Late(longestStore)

    await limited(open.queue.addBulk(batch.map(({ job: { id, data, delay } }) => ({
      name: titleOf(data),
      data,
      opts: {
        jobId: id,
        attempts: data.tasks.reduce((sum, { attempts }) => sum + attempts, 0),
        backoff: { type: backoffType, delay: this.options.backoff },
        removeOnComplete: keepCompleted,
        removeOnFail: keepFailed,
        ...(delay > 0 && { delay })
      }
    }))), longestStore)
  }

  async #answers (): Promise<boolean> {
    try {
      await limited((this.#open as OpenQueue).queue.isPaused(), longestStore)
      return true
    } catch {
      return false
    }
  }

  /** The server is away: nothing that waits for it can be stored. */
  #fail (batch: Waiting[], error: unknown): void {
    for (const { job, reject } of batch) {
      this.#doubt(job.id)
      reject(unavailable(error))
    }
    this.#lost(error)
  }

  #doubt (id: string): void {
    if (this.#doubtful.size < mostDoubtful) this.#doubtful.add(id)
  }

  #lost (error: unknown): void {
    const open = this.#open
    this.#open = undefined
    open?.abandon()
    for (const { reject } of this.#waiting.splice(0)) reject(unavailable(error))
    if (this.#isClosed || this.#probe !== undefined) return

    const instead = this.options.enqueue === 'beforeResponse' ? 'requests that add tasks are answered with 503' : 'tasks run in this process'
    this.#log.warn({ err: error, queue: this.options.name }, `the queue's server is away: until it is back, ${instead}`)
    this.#probeLater()
  }

  #probeLater (): void {
    this.#probe = setTimeout(() => {
      this.#connect().then(() => {
        if (this.#open !== undefined) this.#log.info({ queue: this.options.name }, 'the queue\'s server is back')
      }, () => { if (!this.#isClosed) this.#probeLater() })
    }, connectInterval).unref()
  }

  /** Takes back the doubtful jobs. */
  async #withdraw (open: OpenQueue): Promise<void> {
    const removals = [...this.#doubtful].map(async (id) => { await this.#takeBack(open, id) })
    await limited(Promise.all(removals), longestStore).catch(() => {}) // those left are taken back when it is back again
  }

  async #takeBack ({ queue }: OpenQueue, id: string): Promise<void> {
    await queue.remove(id)
    this.#doubtful.delete(id)
  }

  async #askJob (id: string, question: (job: Job) => Promise<void>): Promise<void> {
    await this.#ask(async ({ queue }) => {
      const job = await queue.getJob(id) as Job | undefined
      if (job !== undefined) await question(job)
    })
  }

  /** Asks the server, if it is there, before this is closed. */
  async #ask (question: (open: OpenQueue) => Promise<void>): Promise<void> {
    if (this.#open === undefined) return

    const asking = question(this.#open).finally(() => this.#asking.delete(asking))
    this.#asking.add(asking)
    await asking
  }
}

/** Some errors of connections have no message. */
function unavailable (cause?: unknown): Error {
  const problem = cause === undefined ? '' : messageOf(cause)
  return new FST_BGT_QUEUE_UNAVAILABLE(problem || 'its server is away', { cause })
}

/** What dashboards show. */
function titleOf ({ tasks }: JobData): string {
  const names = tasks.map(({ name }) => name).join(', ')
  return names.length > 100 ? `${names.slice(0, 99)}…` : names
}
