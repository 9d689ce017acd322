import { withDeadline } from '../deadline.js'
import { kindOf } from '../function-kind.js'
import type { TaskFunction } from '../background-task.js'
import type { TaskRun } from '../task-run.js'
import type { Execution } from './execution.js'

/** An async function: called at once, and awaited on the event loop. */
export class AwaitExecution implements Execution {
  readonly name = 'await'

  takes (func: TaskFunction): boolean {
    return kindOf(func) === 'AsyncFunction'
  }

  run (run: TaskRun): Promise<unknown> {
    const { func, args } = run.work
    const promise = run.call(func, args)
    return run.timeout === undefined ? promise : withDeadline(promise, run)
  }
}
