import { Callable } from './callable.js'
import { describe } from './describe.js'
import { FST_BGT_INVALID_FUNCTION } from './errors.js'
import type { Execution, ExecutionName } from './executions/execution.js'
import { executionOf } from './executions/index.js'

/** A function that a task can run; only `any` lets functions of every signature in. */
export type TaskFunction = (...args: any[]) => any

export interface BackgroundTask<F extends TaskFunction = TaskFunction> {
  /** Runs the task, the same as {@link BackgroundTask.run}. */
  (): Promise<Awaited<ReturnType<F>>>
}

/**
 * A function with its arguments, run when it is awaited.
 *
 * @example
 * ```ts
 * const task = new BackgroundTask(sendWelcome, 'ada@example.com', { subject: 'Welcome' })
 * await task() // resolves to what sendWelcome returned
 * ```
 */
export class BackgroundTask<F extends TaskFunction = TaskFunction> extends Callable {
  /** The function. */
  readonly func: F
  /** Its arguments. Named ones travel as a trailing options object. */
  readonly args: Parameters<F>
  /** The function's name, or `anonymous`. */
  declare readonly name: string

  readonly #execution: Execution

  /**
   * @throws `FST_BGT_INVALID_FUNCTION` where `func` is no function, or a generator function (its body would never run).
   */
  constructor (func: F, ...args: Parameters<F>) {
    if (!isTaskFunction(func)) throw new FST_BGT_INVALID_FUNCTION(describe(func))

    super(nameOf(func))
    this.func = func
    this.args = args
    this.#execution = executionOf(func)
  }

  /** How the task runs. */
  get execution (): ExecutionName {
    return this.#execution.name
  }

  /** Runs the task: resolves to what its function returned, rejects with what it threw. */
  run (): Promise<Awaited<ReturnType<F>>> {
    return this.#execution.run(this) as Promise<Awaited<ReturnType<F>>>
  }
}

function isTaskFunction (func: unknown): func is TaskFunction {
  if (typeof func !== 'function') return false

  const tag: unknown = Reflect.get(func, Symbol.toStringTag)
  return tag !== 'GeneratorFunction' && tag !== 'AsyncGeneratorFunction'
}

function nameOf (func: TaskFunction): string {
  return typeof func.name === 'string' && func.name !== '' ? func.name : 'anonymous'
}
