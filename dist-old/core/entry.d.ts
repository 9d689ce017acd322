import { AsyncResource } from 'node:async_hooks';
import { BackgroundTask, type TaskFunction } from './background-task.js';
import type { Execution, Lane, LaneRun } from './executions/execution.js';
import type { Executions } from './executions/index.js';
import { TaskRun, type Identity, type TaskHost } from './task-run.js';
/** How far the attempts at a task have come. */
export declare class Retrying {
    /** How many have failed. */
    failures: number;
    /** Whether the latest has failed, and the next one has not begun. */
    isWaiting: boolean;
    /** Ends the waiting for the next one. */
    readonly patience: AbortController;
}
/** A task as it waits in a collection, with the async context in which it was added. */
export declare class Entry extends AsyncResource implements Identity {
    #private;
    id: string | undefined;
    readonly addedAt: number;
    /** The latest attempt at it. */
    latest: TaskRun | undefined;
    /** Where it has retries. */
    retrying: Retrying | undefined;
    /** @throws `FST_BGT_INVALID_FUNCTION` */
    constructor(func: TaskFunction, args: unknown[], executions: Executions);
    /** The task itself, made for the first who looks at it. */
    get task(): BackgroundTask;
    /** How the task runs, where it is a call. */
    executionIn(executions: Executions): Execution | undefined;
    /** How often the task is tried again. */
    retriesIn(executions: Executions): number;
    /** Makes an attempt, in its context. */
    run(executions: Executions, host: TaskHost): Promise<unknown>;
    /** Hands an attempt over to a lane, which does not go on when it fails if `stops`, or if there are retries. */
    runIn(lane: Lane, executions: Executions, host: TaskHost, stops: boolean): LaneRun;
    /** Waits for an attempt that was handed over, in its context. */
    follow(executions: Executions, { promise }: LaneRun): Promise<unknown>;
    /** Tells the task to stop, and gives up what waits in it, where it is a collection. */
    abandon(reason: unknown): void;
}
