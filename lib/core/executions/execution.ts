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
  /** For an execution that takes neighbouring tasks together. */
  openLane? (stopOnError: boolean): Lane
}

/** Neighbouring tasks of a collection, handed over together. They run one at a time, in the order of their calls. */
export interface Lane {
  /**
   * Hands a call over. Where the lane stops on an error, the promises of those behind the one that has failed never
   * settle.
   */
  run (func: TaskFunction, args: unknown[]): LaneRun
}

/** A call that a lane has. */
export interface LaneRun {
  readonly promise: Promise<unknown>
  /** Whether it has begun, as far as is known here. */
  readonly hasBegun: boolean
}

/** A pool of worker threads. */
export interface Threads {
  run (func: TaskFunction, args: unknown[], timeout: number | undefined): Promise<unknown>
  openLane (stopOnError: boolean, timeout: number | undefined): Lane
}

/** What an app says of how its tasks run. */
export interface ExecutionOptions {
  /** Where plain functions of task modules run; inline, where there are none. */
  threads?: Threads | undefined
  /** The longest that a task may take, in milliseconds. */
  timeout?: number | undefined
  /** Told of each function that ran inline, and for how many milliseconds it held the event loop. Must not throw. */
  ranInline?: ((func: TaskFunction, duration: number) => void) | undefined
}
