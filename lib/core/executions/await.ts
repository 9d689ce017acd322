import type { Attempt } from '../attempt.js'
import { kindOf } from '../describe.js'
import type { TaskFunction } from '../task-function.js'
import type { Execution } from './execution.js'

/** An async function: called at once, and awaited on the event loop. */
export class AwaitExecution implements Execution {
  readonly name = 'await'

  takes (func: TaskFunction): boolean {
    return kindOf(func) === 'AsyncFunction'
  }

  /** A mock or a proxy of an async function has its tag, and returns or throws what it likes. */
  run (attempt: Attempt): Promise<unknown> {
    const result = attempt.call()
    return result instanceof Promise ? attempt.limited(result) : Promise.resolve(result)
  }
}
