import { AwaitExecution } from './await.js'
import type { TaskFunction } from '../background-task.js'
import type { Execution, ExecutionOptions } from './execution.js'
import { InlineExecution } from './inline.js'
import { hasSources } from '../task-registry.js'
import { ThreadExecution } from './thread.js'

/** The executions there are: an app has its own. */
export class Executions {
  /** The first that takes a function runs it, and the last takes any. */
  readonly #all: readonly Execution[]
  readonly #options: ExecutionOptions

  constructor (options: ExecutionOptions) {
    this.#options = options
    this.#all = [new AwaitExecution(options), new ThreadExecution(options), new InlineExecution(options)]
  }

  /** Whether one of them takes neighbouring tasks together. */
  get haveLanes (): boolean {
    return this.#options.threads !== undefined && hasSources()
  }

  /** Chooses how a function runs. */
  of (func: TaskFunction): Execution {
    return this.#all.find((execution) => execution.takes(func)) as Execution
  }
}

/** What holds for tasks that no app runs. */
export const defaultOptions: ExecutionOptions = {}

/** For tasks that no app runs. */
export const defaultExecutions = new Executions(defaultOptions)
