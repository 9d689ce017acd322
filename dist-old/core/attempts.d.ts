import type { OnError } from './collection.js';
import { type Entry } from './entry.js';
import type { Executions } from './executions/index.js';
import type { TaskHost } from './task-run.js';
/** Makes the attempts at the tasks of a pass. */
export declare class Attempts {
    #private;
    constructor(executions: Executions, host: TaskHost, entries: Entry[], onError: OnError);
    /** Whether a lane has the latest attempt, and has not begun with it. */
    get isInLane(): boolean;
    /**
     * Makes attempts until one succeeds or none is left, and rejects with what that one threw.
     *
     * @param after where in the entries those begin that come after this one
     */
    run(entry: Entry, after: number): Promise<unknown>;
}
