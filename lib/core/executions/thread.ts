import type { TaskFunction } from '../background-task.js'
import { optionsOf } from '../task-options.js'
import { sourceOf } from '../task-registry.js'
import type { TaskRun } from '../task-run.js'
import type { Execution, ExecutionOptions, Lane, Threads } from './execution.js'

/** A plain function of a task module: called in a worker thread, which finds it in a copy of the module of its own. */
export class ThreadExecution implements Execution {
  readonly name = 'thread'
  readonly #options: ExecutionOptions

  constructor (options: ExecutionOptions) {
    this.#options = options
  }

  takes (func: TaskFunction): boolean {
    return this.#options.threads !== undefined && sourceOf(func) !== undefined && optionsOf(func).thread !== false
  }

  run (run: TaskRun): Promise<unknown> {
    return this.#threads.run(run)
  }

  openLane (): Lane {
    return this.#threads.openLane()
  }

  get #threads (): Threads {
    return this.#options.threads as Threads
  }
}
