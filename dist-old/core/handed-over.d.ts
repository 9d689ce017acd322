import type { OnError } from './collection.js';
import type { Entry } from './entry.js';
import type { LaneRun } from './executions/execution.js';
import type { Executions } from './executions/index.js';
import type { TaskHost } from './task-run.js';
/**
 * Neighbouring tasks that travel together: their execution has them all, while their collection still goes from one to
 * the next, and awaits each in its turn.
 */
export declare class HandedOver {
    #private;
    constructor(executions: Executions, host: TaskHost, onError: OnError);
    /**
     * The run of an entry that is handed over, now or before, and with it those of its neighbours, which begin at `after`
     * in `entries`; `undefined` where it runs by itself.
     */
    run(entry: Entry, entries: Entry[], after: number): LaneRun | undefined;
    /** Forgets those behind a task at which their lane has stopped: they are handed over again when their turn comes. */
    forget(): void;
}
