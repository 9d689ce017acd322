import type { TaskFunction } from '../background-task.js'
import { optionsOf } from '../task-options.js'
import { sourceOf } from '../task-registry.js'
import type { TaskRun } from '../task-run.js'
import type { Execution, ExecutionOptions, Lane, Queue } from './execution.js'

/** A function of a task module: stored on a queue, from which a worker takes it. It ends here when it is stored. */
export class QueueExecution implements Execution {
  readonly name = 'queue'
  readonly #options: ExecutionOptions

  constructor (options: ExecutionOptions) {
    this.#options = options
  }

  takes (func: TaskFunction): boolean {
    return this.#options.queue !== undefined && sourceOf(func) !== undefined && optionsOf(func).queue !== false
  }

  run (run: TaskRun): Promise<unknown> {
    return this.openLane(false).run(run, false, false).promise
  }

  openLane (stops: boolean): Lane {
    return this.#queue.openLane(stops)
  }

  check (func: TaskFunction, args: unknown[]): void {
    this.#queue.check(func, args)
  }

  get #queue (): Queue {
    return this.#options.queue as Queue
  }
}
