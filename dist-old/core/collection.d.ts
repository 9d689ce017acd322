import { Attempts } from './attempts.js';
import type { TaskFunction } from './background-task.js';
import { Entry } from './entry.js';
import { type Executions } from './executions/index.js';
import { type TaskHost } from './task-run.js';
import type { Work } from './work.js';
/** What a failing task means for those after it in its collection. */
export type OnError = 'continue' | 'stop';
/** An ordered list of tasks, run one at a time. */
export declare class Collection implements Work {
    #private;
    readonly entries: Entry[];
    readonly args: never[];
    readonly execution = "await";
    protected readonly onError: OnError;
    /** The task that is at work. */
    protected running: Entry | undefined;
    /** Those at the tasks of the latest pass. */
    protected attempts: Attempts | undefined;
    constructor(onError: OnError, executions?: Executions);
    get func(): TaskFunction;
    add(func: TaskFunction, args: unknown[]): void;
    /** Runs every task, and rejects with what one of them threw, or with an `AggregateError` where several did. */
    run(executions?: Executions): Promise<void>;
    /** Runs every task, and resolves to what they threw. Joins the pass under way, if there is one. */
    pass(executions?: Executions): Promise<unknown[]>;
    /** Whose its tasks are. */
    protected get host(): TaskHost;
    /** Gives up what waits in the pass under way, and tells the task that is at work to stop. */
    abandon(reason: unknown): void;
    /** The entry to run when `ran` have run in this pass. */
    protected next(ran: number): Entry | undefined;
    /** Where in `entries` those begin that come after it. */
    protected indexAfter(ran: number): number;
    /** The task that `next` gave last has completed. */
    protected completed(_entry: Entry): void;
    /** The task that `next` gave last has failed for good. Says whether the pass goes on. */
    protected failed(_error: unknown, _entry: Entry): boolean;
}
