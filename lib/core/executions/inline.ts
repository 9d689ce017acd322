import { performance } from 'node:perf_hooks'
import { withDeadline } from '../deadline.js'
import type { TaskRun } from '../task-run.js'
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

  run (run: TaskRun): Promise<unknown> {
    return new Promise((resolve, reject) => {
      setImmediate(() => {
        try {
          resolve(limited(this.#call(run), run))
        } catch (error) {
          reject(error)
        }
      })
    })
  }

  #call (run: TaskRun): unknown {
    const { func, args } = run.work
    const { ranInline } = this.#options
    if (ranInline === undefined) return run.call(func, args)

    const start = performance.now()
    try {
      return run.call(func, args)
    } finally {
      ranInline(func, performance.now() - start)
    }
  }
}

/** What has returned has ended, however long it took; a promise may still take too long. */
function limited (result: unknown, run: TaskRun): unknown {
  if (run.timeout === undefined || typeof (result as PromiseLike<unknown> | null)?.then !== 'function') return result
  return withDeadline(Promise.resolve(result), run)
}
