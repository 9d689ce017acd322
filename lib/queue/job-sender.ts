import type { TaskLogger } from '../core/task-logger.js'
import { Late, limited, setImmediate } from '../core/timers.js'
import type { JobQueue } from './connection.js'
import { bullJobOf, type JobTarget, type NewJob, unavailable } from './job.js'
import type { ResolvedQueueOptions } from './queue-options.js'
import { isOfReplica, isUnsent, withoutArguments } from './server-error.js'
import type { LinkUser, ServerLink } from './server-link.js'

/** How long storing a job may take, counted from `store()`, in milliseconds. */
const longestStore = { afterResponse: 10_000, beforeResponse: 2_000 }
/** How long the server may take to answer before it counts as unavailable, in milliseconds. */
const longestAnswer = 2_000
/** The most jobs that travel together, how many bytes of JSON, and how many such batches at once. */
const [mostJobs, mostBytes, mostBatches] = [200, 4_000_000, 2]
/** The most jobs to be withdrawn that are remembered while the server is unavailable. */
const mostWithdrawn = 10_000

/** A job on its way. */
interface Entry {
  readonly job: NewJob
  /** Whether it was sent: the server may have it. */
  isSent: boolean
  resolve (): void
  reject (cause?: unknown): void
}

/** Stores the jobs of one queue: those of requests that end together in one batch. */
export class JobSender implements JobTarget, LinkUser {
  readonly name: string
  readonly #link: ServerLink
  readonly #options: ResolvedQueueOptions
  readonly #log: TaskLogger
  /** Called with the id of a job that is stored. */
  readonly #stored: (queue: JobQueue, id: string) => void
  /** The queue, while the server is available. */
  queue: JobQueue | undefined
  /** Jobs to be sent, in order. */
  #waiting: Entry[] = []
  /** Jobs of which it is unknown whether the server has them: they are sent again when it answers. */
  #unconfirmed: Entry[] = []
  /** Jobs to be removed when the server answers. */
  readonly #withdrawn = new Set<string>()
  /** Jobs that somebody waits for. */
  readonly #pending = new Set<Entry>()
  readonly #removals = new Set<Promise<void>>()
  #isScheduled = false
  #batches = 0
  #isRefused = false

  constructor (name: string, link: ServerLink, options: ResolvedQueueOptions, log: TaskLogger, stored: (queue: JobQueue, id: string) => void = () => {}) {
    this.name = name
    this.#link = link
    this.#options = options
    this.#log = log
    this.#stored = stored
  }

  get isAway (): boolean {
    return this.#link.isAway
  }

  /** Stores a job, with those of the same turn of the event loop, and those that come while the server is busy. */
  async store (job: NewJob): Promise<void> {
    if (this.isAway) throw unavailable()

    const deadline = longestStore[this.#options.enqueue]
    let entry!: Entry
    const stored = new Promise<void>((resolve, reject) => { entry = { job, isSent: false, resolve, reject } })
    this.#pending.add(entry)
    this.#waiting.push(entry)
    this.#schedule()
    try {
      await limited(stored, deadline)
    } catch (error) {
      if (error instanceof Late) this.#forget(entry)
      throw unavailable(error === undefined ? undefined : withoutArguments(error))
    } finally {
      this.#pending.delete(entry)
    }
  }

  withdraw (id: string): void {
    if (this.#withdrawn.size < mostWithdrawn) this.#withdrawn.add(id)
    if (this.queue !== undefined) this.#remove(this.queue, id) // else when the server is available again
  }

  storedElsewhere (id: string): void {
    if (this.queue !== undefined) this.#stored(this.queue, id)
  }

  lost (): void {
    this.queue = undefined
    for (const entry of this.#waiting.splice(0)) {
      if (entry.isSent) this.#unconfirmed.push(entry)
      else entry.reject()
    }
  }

  found (queue: JobQueue): void {
    this.queue = queue
    for (const id of this.#withdrawn) this.#remove(queue, id)
    this.#waiting.unshift(...this.#unconfirmed.splice(0))
    this.#schedule()
  }

  /** Gives up what has not been stored, and lets what is being withdrawn arrive. */
  async close (): Promise<void> {
    for (const entry of this.#pending) entry.reject()
    this.#waiting = []
    this.#unconfirmed = []
    await limited(Promise.allSettled(this.#removals), longestAnswer).catch(() => {})
  }

  #schedule (): void {
    if (this.#isScheduled || this.#batches >= mostBatches || this.#waiting.length === 0 || this.queue === undefined) return

    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      const queue = this.queue
      const batch = queue === undefined ? [] : this.#nextBatch()
      if (queue === undefined || batch.length === 0) return

      this.#batches++
      this.#schedule()
      this.#send(queue, batch).finally(() => {
        this.#batches--
        this.#schedule()
      })
    })
  }

  #nextBatch (): Entry[] {
    let bytes = 0
    const end = this.#waiting.findIndex(({ job: { size } }, i) => i === mostJobs || ((bytes += size) > mostBytes && i > 0))
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end)
  }

  /** @param isOneOf whether it is one of a batch that was refused: the others are not to suffer for it */
  async #send (queue: JobQueue, batch: Entry[], isOneOf = false): Promise<void> {
    const isNew = new Set(batch.filter(({ isSent }) => !isSent))
    try {
      await this.#add(queue, batch)
      if (!isOneOf) this.#isRefused = false
    } catch (error) {
      if (isUnsent(error)) for (const entry of isNew) entry.isSent = false
      if (error instanceof Late || isUnsent(error) || isOfReplica(error) || !await answers(queue)) return this.#lose(queue, error, batch)
      if (isOneOf) return this.#refused(batch[0] as Entry, error)

      for (const [i, entry] of batch.entries()) {
        if (this.queue !== queue) return this.#lose(queue, error, batch.slice(i))
        if (this.#pending.has(entry)) await this.#send(queue, [entry], true)
      }
    }
  }

  async #add (queue: JobQueue, batch: Entry[]): Promise<void> {
    for (const entry of batch) entry.isSent = true
    await limited(queue.addBulk(batch.map(({ job }) => bullJobOf(job, this.#options))), longestAnswer)
    for (const entry of batch) {
      if (!this.#pending.has(entry)) this.withdraw(entry.job.id)
      entry.resolve()
    }
    this.#stored(queue, (batch[0] as Entry).job.id)
  }

  #refused (entry: Entry, error: unknown): void {
    if (!this.#isRefused) this.#log.warn({ err: withoutArguments(error), queue: this.name }, `${this.#options.kind} refused to store a job of background tasks`)
    this.#isRefused = true
    this.withdraw(entry.job.id) // if it was sent before, it may be there
    entry.reject(error)
  }

  /** The batch may have arrived, or not. */
  #lose (queue: JobQueue, error: unknown, batch: Entry[]): void {
    this.#waiting.unshift(...batch.filter((entry) => this.#pending.has(entry)))
    if (this.queue === queue) this.#link.lose(error)
    else if (this.queue === undefined) this.lost() // it was lost before
  }

  /** It has taken too long. Its tasks are run otherwise, or not at all. */
  #forget (entry: Entry): void {
    this.#waiting = this.#waiting.filter((other) => other !== entry)
    this.#unconfirmed = this.#unconfirmed.filter((other) => other !== entry)
    if (entry.isSent) this.withdraw(entry.job.id)
  }

  #remove (queue: JobQueue, id: string): void {
    const removal = queue.remove(id).then(() => { this.#withdrawn.delete(id) }, () => {}).finally(() => { this.#removals.delete(removal) })
    this.#removals.add(removal)
  }
}

async function answers (queue: JobQueue): Promise<boolean> {
  return await limited(queue.isPaused(), longestAnswer).then(() => true, () => false)
}
