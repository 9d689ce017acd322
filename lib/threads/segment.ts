import { AsyncResource } from 'node:async_hooks'
import type { Attempt } from '../core/attempt.js'
import { sourceOf, type TaskSource } from '../core/task-registry.js'
import { now } from '../core/timers.js'
import { hasEnded, isAtWork, Status, type CallStatus, type Progress } from './progress.js'

type Outcome = PromiseSettledResult<unknown>

/** The attempts of a segment that a thread has. */
export interface Slice {
  readonly segment: Segment
  /** Where the thread shows how far it has come. */
  readonly progress: Progress
  /** The index of its first call among those of the batch. */
  readonly firstCall: number
  /** The index of its first attempt among those of the segment, and the index behind its last. */
  readonly start: number
  readonly end: number
}

/** Attempts at neighbors of a collection, or a single one. They run one at a time, in order, up to the first that fails. */
export class Segment extends AsyncResource {
  readonly attempts: readonly Attempt[]
  readonly sources: readonly TaskSource[]
  /** Resolves when all have ended, or one has failed. */
  readonly promise: Promise<void>
  /** The first attempt that has not ended. */
  next = 0
  /** How often no thread could begin with that one. */
  failedStarts = 0
  /** How often a thread has ended while it loaded the module of that one. */
  failedLoads = 0
  isOver = false
  /** What a thread has of it. */
  slice: Slice | undefined = undefined
  readonly #outcomes: Array<Outcome | undefined> = []
  readonly #ended: (outcome: Outcome) => void
  #resolve!: () => void

  /** @param ended called for each attempt as it ends, in order, in the async context of the caller */
  constructor (attempts: readonly Attempt[], ended: (outcome: Outcome) => void) {
    super('ThreadSegment')
    this.attempts = attempts
    this.sources = attempts.map(({ task }) => sourceOf(task.func) as TaskSource)
    this.promise = new Promise((resolve) => { this.#resolve = resolve })
    this.#ended = ended
  }

  /** The outcome of an attempt is known. It is reported when those before it have ended. */
  settle (index: number, outcome: Outcome): void {
    this.#outcomes[index] ??= outcome
    this.advance()
  }

  reject (index: number, reason: unknown): void {
    this.settle(index, { status: 'rejected', reason })
  }

  /** Fails what has not ended with what `errorOf` returns. */
  stop (errorOf: (attempt: Attempt) => unknown): void {
    if (!this.isOver) this.reject(this.next, errorOf(this.attempts[this.next] as Attempt))
  }

  /** Lets no other attempt begin: the first that waits fails with what `errorOf` returns. */
  stopAtNext (errorOf: (attempt: Attempt) => unknown): void {
    const { slice } = this
    const index = this.attempts.findIndex((_, i) => {
      if (i < this.next || this.status(i) !== Status.waiting) return false
      return slice === undefined || i >= slice.end || slice.progress.condemn(this.callOf(i), Status.waiting)
    })
    if (!this.isOver && index !== -1) this.reject(index, errorOf(this.attempts[index] as Attempt))
  }

  /** Whether the outcome of an attempt is known. */
  isKnown (index: number): boolean {
    return this.#outcomes[index] !== undefined
  }

  /** Reports the attempts that have ended. */
  advance (): void {
    while (!this.isOver) {
      const outcome = this.#outcomes[this.next] ?? (this.status(this.next) === Status.completed ? completed : undefined)
      if (outcome === undefined) return

      this.#report(outcome)
    }
  }

  /** The index of an attempt among the calls of the batch. */
  callOf (index: number): number {
    const { firstCall, start } = this.slice as Slice
    return firstCall + index - start
  }

  status (index: number): CallStatus {
    const { slice } = this
    return slice === undefined || index >= slice.end ? Status.waiting : slice.progress.status(this.callOf(index))
  }

  /** Whether the next attempt has ended, and the message with its outcome has not arrived yet. */
  get awaitsMessage (): boolean {
    return !this.isOver && hasEnded(this.status(this.next))
  }

  /** The attempt that its thread is at. */
  get current (): number | undefined {
    const end = this.isOver ? 0 : this.slice?.end ?? 0
    for (let index = this.next; index < end; index++) if (isAtWork(this.status(index))) return index
    return undefined
  }

  #report (outcome: Outcome): void {
    this.#measure(this.attempts[this.next] as Attempt)
    this.next++
    this.failedStarts = this.failedLoads = 0
    this.isOver = this.next === this.attempts.length || outcome.status === 'rejected'
    this.runInAsyncScope(this.#ended, undefined, outcome)
    if (this.isOver) this.#resolve()
  }

  /** When its function was called, and how long it took. */
  #measure (attempt: Attempt): void {
    const status = this.status(this.next)
    if (this.slice === undefined || status === Status.waiting || status === Status.loading) return

    const { progress } = this.slice
    const call = this.callOf(this.next)
    if (status !== Status.condemned) attempt.startedAt ??= progress.startedAt(call)
    if (attempt.startedAt !== undefined) attempt.duration = hasEnded(status) ? progress.duration(call) : now() - attempt.startedAt
  }
}

const completed: Outcome = { status: 'fulfilled', value: undefined }
