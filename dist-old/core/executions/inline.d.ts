import type { TaskRun } from '../task-run.js';
import type { Execution, ExecutionOptions } from './execution.js';
/** Any other function: called on the main thread in a turn of its own, so that pending I/O is served between two tasks. */
export declare class InlineExecution implements Execution {
    #private;
    readonly name = "inline";
    constructor(options: ExecutionOptions);
    takes(): boolean;
    run(run: TaskRun): Promise<unknown>;
}
