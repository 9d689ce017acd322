import type { TaskFunction } from '../background-task.js';
import type { TaskRun } from '../task-run.js';
import type { Execution } from './execution.js';
/** An async function: called at once, and awaited on the event loop. */
export declare class AwaitExecution implements Execution {
    readonly name = "await";
    takes(func: TaskFunction): boolean;
    run(run: TaskRun): Promise<unknown>;
}
