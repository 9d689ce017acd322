import type { TaskFunction } from '../task-function.js'
import { optionsOf } from '../task-options.js'
import { sourceOf } from '../task-registry.js'
import { AwaitExecution } from './await.js'
import type { Execution } from './execution.js'
import { InlineExecution, type RanInline } from './inline.js'

/** What an app says about how its tasks run. */
export interface ExecutionOptions {
  /** The longest that an attempt may take, in milliseconds, unless its function has a `timeout` of its own. */
  readonly timeout?: number | undefined
  /** How often a task that has failed is retried, unless its function has `retries` of its own. */
  readonly retries?: number | undefined
  /** How long the first retry waits, in milliseconds. */
  readonly backoff?: number | undefined
  readonly ranInline?: RanInline | undefined
}

/** The executions of an app, in the order in which they are asked. */
export class Executions {
  readonly options: ExecutionOptions
  readonly #all: Execution[]

  /** @param more those besides await and inline, such as threads */
  constructor (options: ExecutionOptions = {}, more: readonly Execution[] = []) {
    this.options = options
    this.#all = [new AwaitExecution(), ...more, new InlineExecution(options.ranInline)]
  }

  /** Adds one, which is asked before the inline execution. */
  add (execution: Execution): void {
    this.#all.splice(-1, 0, execution)
  }

  /** Chooses how a function runs: the last execution takes any. */
  of (func: TaskFunction): Execution {
    return this.#all.find((execution) => execution.takes(func)) as Execution
  }

  /**
   * Refuses arguments that cannot be handed over.
   *
   * @throws `FST_BGT_ARGUMENT`
   */
  check (func: TaskFunction, args: readonly unknown[]): void {
    if (sourceOf(func) !== undefined) this.of(func).check?.(func, args)
  }

  timeoutOf (func: TaskFunction): number | undefined {
    return optionsOf(func).timeout ?? this.options.timeout
  }

  retriesOf (func: TaskFunction): number {
    return optionsOf(func).retries ?? this.options.retries ?? 0
  }
}

/** For tasks that no app runs. */
export const defaultExecutions = new Executions()
