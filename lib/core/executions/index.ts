import { awaitExecution } from './await.js'
import type { TaskFunction } from '../background-task.js'
import type { Execution } from './execution.js'
import { inlineExecution } from './inline.js'

/** The executions there are; the first that takes a function runs it, and the last takes any. */
const executions: readonly Execution[] = [awaitExecution, inlineExecution]

/** Chooses how a function runs. */
export function executionOf (func: TaskFunction): Execution {
  return executions.find((execution) => execution.takes(func)) as Execution
}
