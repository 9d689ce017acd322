import type { Attempt } from '../attempt.js'
import type { TaskFunction } from '../task-function.js'
import { now, nextTurn } from '../timers.js'
import type { Execution } from './execution.js'

/** Told after each inline call: its function, and how long that has blocked the event loop, in milliseconds. */
export type RanInline = (func: TaskFunction, duration: number) => void

/** Any other function: called on the main thread in a turn of its own, so that pending I/O is served between two tasks. */
export class InlineExecution implements Execution {
  readonly name = 'inline'
  readonly #ran: RanInline | undefined

  constructor (ran?: RanInline) {
    this.#ran = ran
  }

  takes (): boolean {
    return true
  }

  async run (attempt: Attempt): Promise<unknown> {
    await nextTurn()
    if (attempt.isAborted) return // its app has closed without it
    const result = this.#call(attempt)
    return result instanceof Promise ? await attempt.limited(result) : result
  }

  #call (attempt: Attempt): unknown {
    if (this.#ran === undefined) return attempt.call()

    const start = now()
    try {
      return attempt.call()
    } finally {
      attempt.inContext(this.#ran, attempt.task.func, now() - start)
    }
  }
}
