import { inspect } from 'node:util';
import type { TaskFunction } from './background-task.js';
import type { Execution, ExecutionName } from './executions/execution.js';
import type { TaskContext } from './task-context.js';
import { type TaskLogger } from './task-logger.js';
/** Whose tasks they are: a request's or an app's. */
export interface TaskHost {
    /** By which tasks log. */
    readonly log?: TaskLogger;
    /** The request, for traces. */
    readonly request?: unknown;
    /** Aborts when its tasks should stop. */
    readonly signal?: AbortSignal;
    /** A task has failed, and will be tried again. Must not throw. */
    taskRetried?(error: unknown, run: TaskRun): void;
}
/** Whose tasks begin here: those of the task whose code this is, or nobody's. */
export declare function currentHost(): TaskHost;
/** What is run: a call, or a task that is more than one. */
export interface Runnable {
    readonly func: TaskFunction;
    readonly args: unknown[];
    /** Where it has one of its own. */
    readonly name?: string;
}
/** What stays the same for all attempts at a task. */
export interface Identity {
    /** Made for the first who asks. */
    id?: string | undefined;
    /** When it was added, by `performance.now()`. */
    readonly addedAt?: number;
}
/** An attempt at a task. */
export declare class TaskRun {
    #private;
    readonly work: Runnable;
    /** None for a collection, or for a task that runs in a way of its own: it is awaited. */
    readonly execution: Execution | undefined;
    readonly host: TaskHost;
    /** From 1. */
    readonly attempt: number;
    /** The longest that it may take, in milliseconds. */
    readonly timeout: number | undefined;
    /** When its function was called, by `performance.now()`. */
    startedAt: number | undefined;
    /** How long its function took, in milliseconds. */
    duration: number | undefined;
    /** Hears of an abort, where the task runs elsewhere. */
    onAbort: (() => void) | undefined;
    constructor(work: Runnable, execution: Execution | undefined, timeout: number | undefined, host: TaskHost, identity: Identity, attempt: number);
    get id(): string;
    get name(): string;
    get executionName(): ExecutionName;
    /** How long it waited, from when it was added until its function was called, in milliseconds. */
    get waited(): number | undefined;
    /** What the task sees of it. */
    get context(): TaskContext;
    /** Calls the task's function, or one that does. */
    call<T>(func: (...args: any[]) => T, args: unknown[]): T;
    /** It has ended. */
    ended(): void;
    /** Tells the task that it should stop. */
    abort(reason: unknown): void;
    /** Nobody's log shows the arguments. */
    [inspect.custom](): string;
}
