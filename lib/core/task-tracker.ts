import { closingError, FST_BGT_CLOSED, FST_BGT_QUEUE_FULL } from './errors.js'
import type { OpenCollection } from './owner.js'
import type { Task } from './task.js'

/** When to try again, in seconds: as long as @fastify/under-pressure says by default. */
const retryAfter = '10'

/** Counts the tasks of an app, and knows which collections hold some that have not ended. */
export class TaskTracker {
  /** Tasks that were accepted and have not ended. */
  unfinished = 0
  completed = 0
  failed = 0
  /** Requests that may still add tasks. */
  requests = 0
  /** Whether no more tasks are accepted. */
  isClosed = false
  readonly #maxPending: number
  /** Work that `waitUntil` watches: what gives it up. */
  readonly #watched = new Set<() => void>()
  /** Each collection knows its index. A Set would cost four times as much. */
  readonly #collections: OpenCollection[] = []
  /** Those who wait for the end of something. */
  readonly #waiters: Array<() => void> = []

  /** @param maxPending how many tasks may wait or run at once */
  constructor (maxPending = Infinity) {
    this.#maxPending = maxPending
  }

  /** Tasks that are running. */
  get running (): number {
    return this.#collections.reduce((sum, { running }) => sum + running, this.watched)
  }

  /** Tasks that wait: for their response, for those before them, for a thread, a slot or their retry. */
  get pending (): number {
    return this.unfinished + this.watched - this.running
  }

  /** @throws `FST_BGT_CLOSED`, `FST_BGT_QUEUE_FULL` */
  admit (task: Task): void {
    if (this.isClosed) throw new FST_BGT_CLOSED(task.name)
    if (this.unfinished >= this.#maxPending) throw Object.assign(new FST_BGT_QUEUE_FULL(this.#maxPending), { headers: { 'retry-after': retryAfter } }) // which Fastify gives the reply
  }

  opened (collection: OpenCollection): void {
    collection.index = this.#collections.push(collection) - 1
  }

  closed (collection: OpenCollection): void {
    if (collection.index === -1) return

    const last = this.#collections.pop() as OpenCollection
    if (last !== collection) {
      this.#collections[collection.index] = last // the last one takes the place of the one that goes
      last.index = collection.index
    }
    collection.index = -1
  }

  /** Tasks have ended, or will not run. */
  ended (count: number): void {
    this.unfinished -= count
    this.#announce()
  }

  requestStarted (): void {
    this.requests++
  }

  requestEnded (): void {
    this.requests--
    this.#announce()
  }

  /**
   * Work that is under way is watched.
   *
   * @param abandon gives it up
   * @returns what is to be called at its end, and says whether it had not been given up
   */
  watch (abandon: () => void): () => boolean {
    this.#watched.add(abandon)
    return () => {
      const wasWatched = this.#watched.delete(abandon)
      this.#announce()
      return wasWatched
    }
  }

  /** How much work `waitUntil` watches. */
  get watched (): number {
    return this.#watched.size
  }

  /** Whether no task is waiting or running. */
  get isIdle (): boolean {
    return this.unfinished + this.watched === 0
  }

  /** Resolves when no task is waiting or running. */
  async idle (): Promise<void> {
    while (!this.isIdle) await this.#change()
  }

  /** Accepts no more tasks as soon as none is waiting or running, and no request is left that could add one. */
  async close (): Promise<void> {
    while (!this.isIdle || this.requests > 0) await this.#change()
    this.isClosed = true
  }

  /** Gives up what has not ended, and accepts no more. */
  abandon (): void {
    this.isClosed = true
    const reason = closingError()
    for (const collection of [...this.#collections]) collection.abandon(reason)
    for (const abandon of this.#watched) {
      this.#watched.delete(abandon)
      abandon()
    }
    this.#announce()
  }

  #change (): Promise<void> {
    return new Promise((resolve) => { this.#waiters.push(resolve) })
  }

  #announce (): void {
    if (this.#waiters.length > 0) for (const wake of this.#waiters.splice(0)) wake()
  }
}
