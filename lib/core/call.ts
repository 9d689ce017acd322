import type { TaskFunction } from './background-task.js'
import { describe } from './describe.js'
import { FST_BGT_INVALID_FUNCTION } from './errors.js'
import type { ExecutionName } from './executions/execution.js'
import { defaultExecutions, type Executions } from './executions/index.js'
import { isClass, isGeneratorFunction } from './function-kind.js'
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
    return executions.of(this.func).run(this.func, this.args)
  }
}

function checkFunction (func: unknown): void {
  if (typeof func !== 'function' || isGeneratorFunction(func) || isClass(func)) throw new FST_BGT_INVALID_FUNCTION(describe(func))
}
