import type { TaskSource } from '../core/task-registry.js'

/** How much the newest duration counts. */
const weight = 0.25

/** How long functions have lately taken. */
export class Durations {
  readonly #averages = new Map<TaskSource, number>()
  readonly #unknown: number

  /** @param unknown what is taken for a function that has not run yet, in milliseconds */
  constructor (unknown: number) {
    this.#unknown = unknown
  }

  /** How long a call is likely to take, in milliseconds. */
  of (source: TaskSource): number {
    return this.#averages.get(source) ?? this.#unknown
  }

  add (source: TaskSource, duration: number): void {
    const average = this.#averages.get(source) ?? duration
    this.#averages.set(source, average + weight * (duration - average))
  }
}
