import type { TaskContext } from './task-context.js';
import type { TaskHost } from './task-run.js';
/** A task at work, as its code sees it. */
export interface CurrentRun {
    readonly context: TaskContext;
    /** Whose it is; tasks within it are theirs, too. */
    readonly host?: TaskHost;
}
/** Calls a function as the code of a run. What it returns is a promise where it can be awaited. */
export declare function enter<T>(run: CurrentRun, func: (...args: any[]) => T, args: unknown[]): T;
/** The run whose code this is. */
export declare function currentRun(): CurrentRun | undefined;
/** In runs that begin from now on callbacks know them, too. */
export declare function followCallbacks(): void;
