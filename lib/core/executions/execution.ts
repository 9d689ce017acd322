import type { BackgroundTask } from '../background-task.js'

/** How a task runs: awaited on the event loop, in a worker thread, in a turn of the event loop of its own, or on a queue. */
export type ExecutionName = 'await' | 'thread' | 'inline' | 'queue'

/** One way of running a task. */
export interface Execution {
  readonly name: ExecutionName
  /** Whether this function runs in this way. */
  takes (func: Function): boolean
  /** Runs the task; never throws, but rejects with what the task threw. */
  run (task: BackgroundTask): Promise<unknown>
}
