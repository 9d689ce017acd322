import type { Lane } from '../core/executions/execution.js';
import type { TaskRun } from '../core/task-run.js';
import { ThreadCall } from './thread-call.js';
/** Calls that wait for threads, and run one at a time, in order. */
export declare class ThreadLane implements Lane {
    #private;
    constructor(enqueue: (lane: ThreadLane, isFirst: boolean) => void);
    get waiting(): readonly ThreadCall[];
    run(run: TaskRun, stops: boolean, wantsResult?: boolean): ThreadCall;
    /** Takes calls off its beginning. */
    take(count: number): ThreadCall[];
    /** Puts calls that have not run back to its beginning. */
    putBack(calls: ThreadCall[]): void;
    /** One of its calls has failed, so that those behind it, with a thread or not, do not run: their promises never settle. */
    stop(calls: ThreadCall[]): void;
    /** Fails those that wait. */
    reject(errorOf: (call: ThreadCall) => unknown): void;
    /** Nothing of it is with a thread: the rest goes into the queue, at its head if it was there before. */
    goOn(): void;
}
