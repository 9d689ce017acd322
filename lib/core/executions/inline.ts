import { performance } from 'node:perf_hooks'
import type { TaskFunction } from '../background-task.js'
import { withDeadline } from '../deadline.js'
import { nameOf } from '../task-name.js'
import type { Execution, ExecutionOptions } from './execution.js'

/** Any other function: called on the main thread in a turn of its own, so that pending I/O is served between two tasks. */
export class InlineExecution implements Execution {
  readonly name = 'inline'
  readonly #options: ExecutionOptions

  constructor (options: ExecutionOptions) {
    this.#options = options
  }

  takes (): boolean {
    return true
  }

  run (func: TaskFunction, args: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      setImmediate(() => {
        try {
          resolve(this.#limited(this.#call(func, args), func))
        } catch (error) {
          reject(error)
        }
      })
    })
  }

  #call (func: TaskFunction, args: unknown[]): unknown {
    const { ranInline } = this.#options
    if (ranInline === undefined) return func(...args)

    const start = performance.now()
    try {
      return func(...args)
    } finally {
      ranInline(func, performance.now() - start)
    }
  }

  /** What has returned has ended, however long it took; a promise may still take too long. */
  #limited (result: unknown, func: TaskFunction): unknown {
    const { timeout } = this.#options
    if (timeout === undefined || typeof (result as PromiseLike<unknown> | null)?.then !== 'function') return result
    return withDeadline(Promise.resolve(result), timeout, nameOf(func))
  }
}
