import type { CurrentRun } from '../core/current-run.js';
import type { TaskContext } from '../core/task-context.js';
import type { TaskSource } from '../core/task-registry.js';
import { type BatchMessage, type Told } from './messages.js';
import { Status, type Progress } from './progress.js';
/** A task as its thread has it. */
export declare class ThreadTask implements CurrentRun {
    #private;
    readonly call: number;
    readonly progress: Progress;
    hasEnded: boolean;
    /** Whether lines of its are on their way to the main thread. */
    hasLogged: boolean;
    constructor(batch: BatchMessage, call: number, progress: Progress);
    get source(): TaskSource;
    get wantsResult(): boolean;
    /** Its arguments: copies of its own, though one clone has brought those of the whole batch. */
    ownArgs(): unknown[];
    /** What the task sees of itself. */
    get context(): TaskContext;
    /** Tells the main thread something of the task. */
    tell(message: Told): void;
    /** It has ended. False where it is too late, as it is condemned. */
    end(status: typeof Status.completed | typeof Status.resulted | typeof Status.failed): boolean;
}
/** Whether a value can be cloned for sure. */
export declare function isPlain(value: unknown): boolean;
