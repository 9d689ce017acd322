import type { BackgroundTask, TaskFunction } from './background-task.js';
import { Collection, type OnError } from './collection.js';
import type { Entry } from './entry.js';
import type { Executions } from './executions/index.js';
import type { TaskHost, TaskRun } from './task-run.js';
import type { TaskTracker } from './task-tracker.js';
/** Learns what nobody awaits. Must not throw. */
export interface TaskReporter extends TaskHost {
    taskCompleted(run: TaskRun): void;
    /** A task threw `error`, and is not tried again; `skipped` are those that do not run because of it. */
    taskFailed(error: unknown, run: TaskRun, task: BackgroundTask, skipped: BackgroundTask[]): void;
    /** A task was still waiting or running when it was given up. */
    taskUnfinished(task: BackgroundTask, state: 'waiting' | 'running'): void;
}
/**
 * A collection that an app keeps count of. It holds its tasks until it is released; from then on they run as they come.
 * Each runs once.
 */
export declare class TrackedCollection extends Collection {
    #private;
    /** Where its tracker keeps it; -1 while it does not. */
    index: number;
    constructor(tracker: TaskTracker, reporter: TaskReporter, executions: Executions, onError: OnError);
    /** Whether nothing is waiting or running. */
    get isEmpty(): boolean;
    /** Whether it is the turn of a task of its that waits: for a thread, or for its next attempt. */
    get isHeldUp(): boolean;
    add(func: TaskFunction, args: unknown[]): void;
    /** Runs what it holds, now, whether released or not. Failures have been reported, so nobody needs to handle them. */
    run(executions?: Executions): Promise<void>;
    /** Runs what it holds, and from now on each task that is added. Never rejects. */
    release(): Promise<unknown>;
    /** Discards what it holds, and from now on each task that is added. */
    refuse(): BackgroundTask[];
    /** Discards what waits, and reports it together with the task that is running. */
    abandon(reason: unknown): void;
    protected next(): Entry | undefined;
    protected indexAfter(): number;
    protected get host(): TaskHost;
    protected completed(entry: Entry): void;
    protected failed(error: unknown, entry: Entry): boolean;
}
