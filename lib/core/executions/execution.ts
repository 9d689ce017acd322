import type { Attempt, ExecutionName } from '../attempt.js'
import type { TaskFunction } from '../task-function.js'

/** One way of running tasks in this process. */
export interface Execution {
  readonly name: ExecutionName
  /** Whether this function runs in this way. */
  takes (func: TaskFunction): boolean
  /**
   * Refuses arguments that cannot be handed over, as far as that is seen cheaply.
   *
   * @throws `FST_BGT_ARGUMENT`
   */
  check? (func: TaskFunction, args: readonly unknown[]): void
  /** Makes an attempt. Resolves to what its function returned; rejects with what it threw, or throws it. */
  run (attempt: Attempt): Promise<unknown>
  /**
   * Makes attempts at neighbors of a collection one after the other, up to the first that fails, or fewer. Describes each as
   * it ends. When it resolves at least one has ended, and only the last of them may have failed.
   */
  runTogether? (attempts: readonly Attempt[], ended: (outcome: PromiseSettledResult<unknown>) => void): Promise<void>
}
