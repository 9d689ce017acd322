import type { TaskFunction } from './background-task.js';
import type { ExecutionName } from './executions/execution.js';
import { type Executions } from './executions/index.js';
import type { Work } from './work.js';
/** A function with its arguments. */
export declare class Call implements Work {
    #private;
    readonly func: TaskFunction;
    readonly args: unknown[];
    /** @throws `FST_BGT_INVALID_FUNCTION` */
    constructor(func: TaskFunction, args: unknown[], executions?: Executions);
    get execution(): ExecutionName;
    run(executions?: Executions): Promise<unknown>;
}
