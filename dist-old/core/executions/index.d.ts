import type { TaskFunction } from '../background-task.js';
import { TaskRun, type Identity, type Runnable, type TaskHost } from '../task-run.js';
import type { Execution, ExecutionOptions } from './execution.js';
/** The executions there are: an app has its own. */
export declare class Executions {
    #private;
    constructor(options: ExecutionOptions);
    /** Whether one of them takes neighbouring tasks together. */
    get haveLanes(): boolean;
    /** Chooses how a function runs. */
    of(func: TaskFunction): Execution;
    /** How often a function is tried again. */
    retriesOf(func: TaskFunction): number;
    /** An attempt at a call. */
    begin(call: Runnable, host: TaskHost, identity: Identity, attempt: number): TaskRun;
    /** Makes an attempt, and tells those who listen. */
    run(run: TaskRun): Promise<unknown>;
    /** Whether anybody listens. */
    get isTraced(): boolean;
    /** Tells those who listen of an attempt that was handed over. */
    follow(run: TaskRun, promise: Promise<unknown>): Promise<unknown>;
}
/** What holds for tasks that no app runs. */
export declare const defaultOptions: ExecutionOptions;
/** For tasks that no app runs. */
export declare const defaultExecutions: Executions;
