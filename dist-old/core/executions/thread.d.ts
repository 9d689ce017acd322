import type { TaskFunction } from '../background-task.js';
import type { TaskRun } from '../task-run.js';
import type { Execution, ExecutionOptions, Lane } from './execution.js';
/** A plain function of a task module: called in a worker thread, which finds it in a copy of the module of its own. */
export declare class ThreadExecution implements Execution {
    #private;
    readonly name = "thread";
    constructor(options: ExecutionOptions);
    takes(func: TaskFunction): boolean;
    run(run: TaskRun): Promise<unknown>;
    openLane(): Lane;
}
