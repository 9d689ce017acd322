import type { TaskFunction } from '../background-task.js'
import { withDeadline } from '../deadline.js'
import { kindOf } from '../function-kind.js'
import { nameOf } from '../task-name.js'
import type { Execution, ExecutionOptions } from './execution.js'

/** An async function: called at once, and awaited on the event loop. */
export class AwaitExecution implements Execution {
  readonly name = 'await'
  readonly #options: ExecutionOptions

  constructor (options: ExecutionOptions) {
    this.#options = options
  }

  takes (func: TaskFunction): boolean {
    return kindOf(func) === 'AsyncFunction'
  }

  run (func: TaskFunction, args: unknown[]): Promise<unknown> {
    const { timeout } = this.#options
    return timeout === undefined ? func(...args) : withDeadline(func(...args), timeout, nameOf(func))
  }
}
