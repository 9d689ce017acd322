import type { Attempt } from '../core/attempt.js'
import type { TaskFunction } from '../core/task-function.js'
import { clearInterval, now, setInterval } from '../core/timers.js'

/** How often the event loop is looked at while tasks run, in milliseconds. */
const interval = 20

/** Told that the event loop was blocked, how long, in milliseconds, and which async functions may have done it. */
export type Blocked = (functions: TaskFunction[], duration: number) => void

/** Notices that an async task blocks the event loop, and with it the worker's other jobs. Inline calls are measured where they are made. */
export class BlockWatch {
  readonly #blocked: Blocked
  readonly #running = new Set<Attempt>()
  /** What has run since the latest look. */
  #seen = new Set<Attempt>()
  #timer: NodeJS.Timeout | undefined
  #lookedAt = 0

  constructor (blocked: Blocked) {
    this.#blocked = blocked
  }

  begin (attempt: Attempt): void {
    if (attempt.execution === 'thread') return

    this.#running.add(attempt)
    this.#seen.add(attempt)
    if (this.#timer !== undefined) return

    this.#lookedAt = now()
    this.#timer = setInterval(() => { this.#look() }, interval).unref()
  }

  end (attempt: Attempt): void {
    this.#running.delete(attempt)
  }

  #look (): void {
    const time = now()
    const duration = time - this.#lookedAt - interval
    const seen = [...this.#seen]
    this.#lookedAt = time
    this.#seen = new Set(this.#running)
    if (duration > interval && seen.length > 0 && seen.every(({ execution }) => execution === 'await')) this.#blocked([...new Set(seen.map(({ task }) => task.func))], duration)
    if (this.#seen.size > 0) return

    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
