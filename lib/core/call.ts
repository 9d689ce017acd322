import type { TaskFunction } from './background-task.js'
import { checkFunction } from './check-function.js'
import type { ExecutionName } from './executions/execution.js'
import { defaultExecutions, type Executions } from './executions/index.js'
import { retry } from './retry.js'
import { currentHost, type Identity, type TaskRun } from './task-run.js'
import type { Work } from './work.js'

/** A function with its arguments. */
export class Call implements Work {
  readonly func: TaskFunction
  readonly args: unknown[]
  readonly #executions: Executions

  /** @throws `FST_BGT_INVALID_FUNCTION` */
  constructor (func: TaskFunction, args: unknown[], executions = defaultExecutions) {
    checkFunction(func)
    this.func = func
    this.args = args
    this.#executions = executions
  }

  get execution (): ExecutionName {
    return this.#executions.of(this.func).name
  }

  run (executions = this.#executions): Promise<unknown> {
    const host = currentHost()
    const identity: Identity = {}
    const retries = executions.retriesOf(this.func)
    let run: TaskRun
    let failures = 0
    const attempt = (): Promise<unknown> => executions.run(run = executions.begin(this, host, identity, failures + 1))

    if (retries === 0) return attempt()
    return retry(attempt, retries, {
      signal: host.signal,
      onRetry: (error) => {
        failures++
        host.taskRetried?.(error, run)
      }
    })
  }
}
