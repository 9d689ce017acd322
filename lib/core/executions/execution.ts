import type { TaskFunction } from '../background-task.js'
import type { TaskRun } from '../task-run.js'

/** How a task runs: awaited on the event loop, in a worker thread, in a turn of the event loop of its own, or on a queue. */
export type ExecutionName = 'await' | 'thread' | 'inline' | 'queue'

/** One way of running a function. */
export interface Execution {
  readonly name: ExecutionName
  /** Whether this function runs in this way. */
  takes (func: TaskFunction): boolean
  /** Makes the attempt; what its function throws is what the promise rejects with. */
  run (run: TaskRun): Promise<unknown>
  /**
   * For an execution that takes neighbouring tasks together.
   *
   * @param stops whether those behind one that has failed do not run
   */
  openLane? (stops: boolean): Lane
}

/** Neighbouring tasks of a collection, handed over together. They run one at a time, in the order of their runs. */
export interface Lane {
  /**
   * Hands a run over. Where the lane stops at it, the promises of those behind it never settle.
   *
   * @param stops whether those behind it do not run when it fails
   * @param wantsResult whether somebody looks at what it returns; else its promise may resolve to nothing
   */
  run (run: TaskRun, stops: boolean, wantsResult: boolean): LaneRun
  /**
   * Where its tasks run elsewhere, and its runs end when they are stored: resolves when all have ended there.
   *
   * @param stops whether it is to reject where one of them has failed
   */
  ended? (stops: boolean): Promise<void>
  /** Keeps others from running its tasks until it is released. */
  hold? (): void
  release? (): void
  /** Keeps others from running its tasks, where they have not begun. */
  withdraw? (): void
}

/** A run that a lane has; or several, which end together. */
export interface LaneRun {
  /** Nobody needs to handle its rejection. */
  readonly promise: Promise<unknown>
  /** Whether it has begun, as far as is known here. */
  readonly hasBegun: boolean
}

/** A pool of worker threads. */
export interface Threads {
  run (run: TaskRun): Promise<unknown>
  openLane (): Lane
}

/** A queue, from which workers take tasks. */
export interface Queue {
  openLane (stops: boolean): Lane
  /** @throws `FST_BGT_ARGUMENT` where one of the arguments would not arrive as it is */
  check (func: TaskFunction, args: unknown[]): void
}

/** Tells others of the runs of tasks. */
export interface Tracer {
  /** Whether anybody listens. */
  readonly isOn: boolean
  trace (run: TaskRun, work: () => Promise<unknown>): Promise<unknown>
}

/** What an app says of how its tasks run. */
export interface ExecutionOptions {
  /** Where plain functions of task modules run; inline, where there are none. */
  threads?: Threads | undefined
  /** Where the functions of task modules go. */
  queue?: Queue | undefined
  /** The longest that an attempt at a task may take, in milliseconds, unless the task says otherwise. */
  timeout?: number | undefined
  /** How often a task that has failed is tried again, unless the task says otherwise. */
  retries?: number | undefined
  tracer?: Tracer | undefined
  /** Told of each function that ran inline, and for how many milliseconds it held the event loop. Must not throw. */
  ranInline?: ((func: TaskFunction, duration: number) => void) | undefined
}
