import type { Attempt } from '../core/attempt.js'
import { lowestLevel } from '../core/task-logger.js'
import type { TaskSource } from '../core/task-registry.js'
import { unclonableArgument } from './failures.js'
import { type BatchMessage, isClonable } from './messages.js'
import { hasEnded, Status, Stop, type CallStatus, type Progress, type StopReason } from './progress.js'
import type { Segment, Slice } from './segment.js'

/** Calls that a thread gets together: slices of several segments. */
export class Batch {
  readonly id: number
  readonly progress: Progress
  /** Stops its thread, or takes it out of Piscina's queue. */
  readonly controller = new AbortController()
  /** The slice of each call. */
  readonly calls: Slice[] = []
  /** When its thread is stopped, by `now()`. */
  stopAt = Infinity
  /** Why its thread has ended, if the thread has sent that. */
  crash: unknown = undefined
  /** Whether its thread is done with it, or has ended. */
  isOver = false
  /** How often the pool has looked at it since its thread has begun, and since it was over. */
  looks = 0
  looksOver = 0
  /** Settles when it is over. */
  end: Promise<void> = Promise.resolve()
  /** Those that its thread has claimed, or will claim, in order. */
  #slices: Slice[] = []
  /** The call that was asked to stop last, and whether it listens. */
  #asked = -1
  #listens = false

  constructor (id: number, progress: Progress) {
    this.id = id
    this.progress = progress
  }

  /** The slices whose segments wait for its thread; others have gone on. */
  get slices (): Slice[] {
    return this.#slices.filter((slice) => slice.segment.slice === slice)
  }

  /** Adds the next attempts of a segment. */
  add (segment: Segment, count: number): void {
    const { progress, calls } = this
    const slice: Slice = { segment, progress, firstCall: calls.length, start: segment.next, end: segment.next + count }
    segment.slice = slice
    this.#slices.push(slice)
    for (let i = 0; i < count; i++) calls.push(slice)
  }

  /** What its thread gets. */
  message (): BatchMessage {
    this.progress.reset(this.#slices.length)

    const attempts = this.#slices.flatMap(({ segment, start, end }) => segment.attempts.slice(start, end))
    const sources = this.#slices.flatMap(({ segment, start, end }) => segment.sources.slice(start, end))
    const indices = new Map<TaskSource, number>()
    const functions: TaskSource[] = []
    for (const [i, source] of sources.entries()) {
      if (!indices.has(source)) indices.set(source, functions.push({ ...source, name: (attempts[i] as Attempt).task.name }) - 1)
    }
    return {
      id: this.id,
      progress: this.progress.memory,
      functions,
      firstCalls: this.#slices.map(({ firstCall }) => firstCall),
      calls: sources.map((source) => indices.get(source) as number),
      args: attempts.map(({ task }) => task.args),
      wantsResult: attempts.map(({ wantsResult }) => wantsResult),
      ids: attempts.map(({ task }) => task.id),
      attempts: attempts.map(({ number }) => number),
      timeouts: attempts.map(({ timeout }) => timeout),
      logLevel: Math.min(...attempts.map(({ owner }) => lowestLevel(owner.log ?? {})))
    }
  }

  /** The attempt of a call. */
  attemptOf (call: number): { segment: Segment, index: number, attempt: Attempt } {
    const { segment, start, firstCall } = this.calls[call] as Slice
    const index = start + call - firstCall
    return { segment, index, attempt: segment.attempts[index] as Attempt }
  }

  /** Whether its thread has begun with it. */
  get hasBegun (): boolean {
    return this.progress.claimed > 0
  }

  /** Whether an outcome is still on its way. */
  get awaitsMessages (): boolean {
    return this.slices.some(({ segment }) => segment.awaitsMessage)
  }

  /** The call that its thread is at. */
  current (): { segment: Segment, index: number, attempt: Attempt, call: number, status: CallStatus } | undefined {
    const slice = this.#slices[this.progress.claimed - 1]
    if (slice === undefined || slice.segment.slice !== slice) return

    const { segment } = slice
    const index = segment.current
    return index === undefined ? undefined : { segment, index, attempt: segment.attempts[index] as Attempt, call: segment.callOf(index), status: segment.status(index) }
  }

  /** Reports the attempts that have ended. */
  advance (): void {
    for (const { segment } of this.slices) segment.advance()
  }

  /** Tells a call to stop, once. Returns whether it listens to its signal. */
  askToStop (call: number, reason: StopReason): boolean {
    if (this.#asked !== call) this.#listens = this.progress.askToStop(call, reason)
    this.#asked = call
    return this.#listens
  }

  /** Takes back the slices that its thread has not claimed, so that they need not wait for it. */
  takeBack (): Segment[] {
    const slices = this.#slices.splice(this.progress.takeBack())
    for (const { segment } of slices) segment.slice = undefined
    return slices.map(({ segment }) => segment)
  }

  /**
   * Lets nothing new begin of it, and tells the call that is running to stop. What waits fails with what `errorOf` returns.
   * Returns whether it will soon be over.
   */
  leave (errorOf: (attempt: Attempt) => unknown): boolean {
    for (const segment of this.takeBack()) segment.stop(errorOf)
    const current = this.current()
    for (const { segment } of this.slices) segment.stopAtNext(errorOf)
    return this.hasBegun && (current === undefined || this.askToStop(current.call, Stop.closing))
  }

  /** Fails the attempts whose arguments keep it from being sent. Returns whether there are any. */
  refuseUnclonable (): boolean {
    let areAny = false
    for (const call of this.calls.keys()) {
      const { segment, index, attempt } = this.attemptOf(call)
      if (isClonable(attempt.task.args)) continue

      areAny = true
      segment.reject(index, unclonableArgument(attempt))
    }
    return areAny
  }

  /** Its thread is done with it, or has ended: what was at work fails with what `errorOf` returns. */
  finish (errorOf: (attempt: Attempt, status: CallStatus) => unknown): void {
    this.isOver = true
    this.progress.takeBack() // Piscina may have kept it
    for (const { segment } of this.slices) {
      segment.advance()
      const index = segment.current
      if (index === undefined) continue

      const status = segment.status(index)
      // What an earlier task has left behind may have ended the thread: a module is blamed for the second time.
      if (status === Status.loading && segment.failedLoads++ === 0) continue
      segment.reject(index, errorOf(segment.attempts[index] as Attempt, status))
    }
  }

  /** Takes out the segments that need it no more: it is over, or their slice is. */
  release (): Slice[] {
    const released = this.slices.filter(({ segment, end }) => !segment.isOver && !segment.awaitsMessage && (this.isOver || segment.next >= end))
    for (const { segment } of released) segment.slice = undefined
    return released
  }

  /** How long its calls have taken that have ended, in milliseconds. */
  * durations (): Generator<[source: TaskSource, duration: number]> {
    for (const call of this.calls.keys()) {
      const { segment, index } = this.attemptOf(call)
      if (hasEnded(this.progress.status(call))) yield [segment.sources[index] as TaskSource, this.progress.duration(call)]
    }
  }
}
