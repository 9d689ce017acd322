import type { TaskFunction } from './background-task.js'
import { describe } from './describe.js'
import { FST_BGT_INVALID_FUNCTION } from './errors.js'
import type { ExecutionName } from './executions/execution.js'
import { executionOf } from './executions/index.js'
import { isGeneratorFunction } from './function-kind.js'
import type { Work } from './work.js'

/** A function with its arguments. */
export class Call implements Work {
  readonly func: TaskFunction
  readonly args: unknown[]

  constructor (func: TaskFunction, args: unknown[]) {
    checkFunction(func)
    this.func = func
    this.args = args
  }

  get execution (): ExecutionName {
    return executionOf(this.func).name
  }

  run (): Promise<unknown> {
    return executionOf(this.func).run(this.func, this.args)
  }
}

function checkFunction (func: unknown): void {
  if (typeof func !== 'function' || isGeneratorFunction(func)) throw new FST_BGT_INVALID_FUNCTION(describe(func))
}
