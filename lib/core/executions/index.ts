import { awaitExecution } from './await.js'
import type { TaskFunction } from '../background-task.js'
import type { Execution } from './execution.js'
import { inlineExecution } from './inline.js'

/** The executions there are: an app has its own. */
export class Executions {
  /** The first that takes a function runs it, and the last takes any. */
  readonly #all: readonly Execution[] = [awaitExecution, inlineExecution]

  /** Chooses how a function runs. */
  of (func: TaskFunction): Execution {
    return this.#all.find((execution) => execution.takes(func)) as Execution
  }
}

/** For tasks that no app runs. */
export const defaultExecutions = new Executions()
