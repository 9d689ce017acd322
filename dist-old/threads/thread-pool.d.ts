import type { Threads } from '../core/executions/execution.js';
import type { TaskRun } from '../core/task-run.js';
import { type LogLine } from './messages.js';
import { ThreadLane } from './thread-lane.js';
import type { ThreadOptions } from './thread-options.js';
/** Hears what callbacks of tasks do after the tasks have ended. */
export interface LateEvents {
    thrown(error: unknown, task?: string): void;
    logged(line: LogLine): void;
}
/**
 * Runs calls in worker threads. Piscina keeps the threads; which calls go to which thread, and what becomes of them when
 * one ends, is told here.
 */
export declare class ThreadPool implements Threads {
    #private;
    /** A pool, unless a bundler has left no file for threads to begin with. */
    static create(options: ThreadOptions, late: LateEvents): ThreadPool | undefined;
    /** @param file what a thread begins with */
    constructor(file: string, options: ThreadOptions, late: LateEvents);
    run(run: TaskRun): Promise<unknown>;
    openLane(): ThreadLane;
    /** Stops all threads. What is still with them, or waits for them, fails. */
    close(): Promise<void>;
}
