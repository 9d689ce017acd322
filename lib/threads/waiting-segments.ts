import type { Attempt } from '../core/attempt.js'
import type { TaskSource } from '../core/task-registry.js'
import type { Batch } from './batch.js'
import { capacity } from './progress.js'
import type { Segment } from './segment.js'

/** How long the calls of a batch take together, as far as can be known, in milliseconds. */
const batchDuration = 5
/** Less than this is not worth another thread, in milliseconds. */
const smallestShare = 0.5
/** How much the newest duration counts. */
const weight = 0.25

/** Segments that wait for a thread, and how long their functions have lately taken. */
export class WaitingSegments {
  readonly #segments: Segment[] = []
  /** The average duration of each function, in milliseconds. */
  readonly #durations = new Map<TaskSource, number>()

  get isEmpty (): boolean {
    return this.#segments.length === 0
  }

  /** @param isNext whether it goes ahead of the others, as it had its turn already */
  add (segment: Segment, isNext: boolean): void {
    if (isNext) this.#segments.unshift(segment)
    else this.#segments.push(segment)
  }

  /** Takes all of them. */
  clear (): Segment[] {
    return this.#segments.splice(0)
  }

  /** A call of a function has taken so long, in milliseconds. */
  learn (source: TaskSource, duration: number): void {
    const average = this.#durations.get(source) ?? duration
    this.#durations.set(source, average + weight * (duration - average))
  }

  /**
   * Moves one thread's share into a batch, so that other free threads get theirs.
   *
   * @param goesAlone whether the next attempt of a segment goes to a thread by itself
   * @returns segments that need not run any more
   */
  fill (batch: Batch, freeThreads: number, goesAlone: (segment: Segment) => boolean): Segment[] {
    const share = this.#share(freeThreads)
    const stopped: Segment[] = []
    let planned = 0
    let taken = 0

    for (const segment of this.#segments) {
      if (isAborted(segment.attempts[segment.next] as Attempt)) {
        stopped.push(segment)
      } else {
        let count = 0
        for (let i = segment.next; i < segment.attempts.length && !segment.isKnown(i); i++) {
          const duration = goesAlone(segment) ? Infinity : this.#durationOf(segment.sources[i] as TaskSource)
          const size = batch.calls.length + count
          if (size === capacity || (size > 0 && planned + duration > share)) break
          planned += duration
          count++
        }
        if (count === 0) break
        batch.add(segment, count)
      }
      taken++
    }
    this.#segments.splice(0, taken)
    return stopped
  }

  /** How long a batch may take, in milliseconds, when the segments are shared among the free threads. */
  #share (freeThreads: number): number {
    let total = 0
    for (const { sources, next } of this.#segments) {
      for (let i = next; i < sources.length; i++) {
        total += this.#durationOf(sources[i] as TaskSource)
        if (total >= batchDuration * freeThreads) return batchDuration
      }
    }
    return Math.max(total / freeThreads, smallestShare)
  }

  #durationOf (source: TaskSource): number {
    return this.#durations.get(source) ?? batchDuration
  }
}

/** Whether an attempt, or the task within which it runs, was told to stop. */
export function isAborted ({ isAborted, owner }: Attempt): boolean {
  return isAborted || owner.signal?.aborted === true
}
