import type { TaskFunction } from './background-task.js';
import type { ExecutionName } from './executions/execution.js';
import type { Executions } from './executions/index.js';
/**
 * What stands behind a task: a call, or a collection. It is a plain object, where a task is a function with a prototype
 * of its own, which costs several times as much and is made only for those who look at it.
 */
export interface Work {
    readonly func: TaskFunction;
    readonly args: unknown[];
    readonly execution: ExecutionName;
    /** Runs it in these executions, or else in its own. */
    run(executions?: Executions): Promise<unknown>;
}
