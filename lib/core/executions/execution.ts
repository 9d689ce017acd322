import type { TaskFunction } from '../background-task.js'

/** How a task runs: awaited on the event loop, in a worker thread, in a turn of the event loop of its own, or on a queue. */
export type ExecutionName = 'await' | 'thread' | 'inline' | 'queue'

/** One way of running a function. */
export interface Execution {
  readonly name: ExecutionName
  /** Whether this function runs in this way. */
  takes (func: TaskFunction): boolean
  /** Runs the function; what it throws is what the promise rejects with. */
  run (func: TaskFunction, args: unknown[]): Promise<unknown>
}
