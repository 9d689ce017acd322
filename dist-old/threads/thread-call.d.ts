import type { LaneRun } from '../core/executions/execution.js';
import { type TaskSource } from '../core/task-registry.js';
import type { TaskRun } from '../core/task-run.js';
import { type Progress, type StopReason } from './progress.js';
/** A call for a thread to make. */
export declare class ThreadCall implements LaneRun {
    #private;
    readonly run: TaskRun;
    readonly source: TaskSource;
    /** Whether those behind it in its lane do not run when it fails. */
    readonly stops: boolean;
    /** Whether somebody waits for what it returns. */
    readonly wantsResult: boolean;
    readonly promise: Promise<unknown>;
    /** Where its thread tells how far it has come, while a thread has it. */
    place: {
        readonly progress: Progress;
        readonly index: number;
    } | undefined;
    /** How often its batch could not be begun. */
    failedStarts: number;
    /** How often its thread has ended while it loaded the call's module. */
    failedLoads: number;
    /** Whether its task has been told that the app closes, and listens. */
    isLeaving: boolean;
    isSettled: boolean;
    hasFailed: boolean;
    constructor(run: TaskRun, stops: boolean, wantsResult: boolean);
    get name(): string;
    get args(): unknown[];
    get hasBegun(): boolean;
    /** Has its task's signal aborted in its thread. Says whether the task has asked for it. */
    askToStop(reason: StopReason): boolean;
    resolve(result: unknown): void;
    reject(error: unknown): void;
}
