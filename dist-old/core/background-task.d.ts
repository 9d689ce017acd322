import { Callable } from './callable.js';
import type { ExecutionName } from './executions/execution.js';
/** A function that a task can run; only `any` lets functions of every signature in. */
export type TaskFunction = (...args: any[]) => any;
export interface BackgroundTask<F extends TaskFunction = TaskFunction> {
    /** Runs the task, the same as {@link BackgroundTask.run}. */
    (): Promise<Awaited<ReturnType<F>>>;
}
/**
 * A function with its arguments, run when it is awaited.
 *
 * @example
 * ```ts
 * const task = new BackgroundTask(sendWelcome, 'ada@example.com', { subject: 'Welcome' })
 * await task() // resolves to what sendWelcome returned
 * ```
 */
export declare class BackgroundTask<F extends TaskFunction = TaskFunction> extends Callable {
    #private;
    /** The name under which the function's task module exports it (`emails.sendWelcome`); else the function's, or `anonymous`. */
    readonly name: string;
    /**
     * @param func the function itself
     * @param args its arguments; named ones travel as a trailing options object
     * @throws `FST_BGT_INVALID_FUNCTION` where `func` is no function, or a generator function (its body would never run)
     */
    constructor(func: F, ...args: Parameters<F>);
    /** The function. */
    get func(): F;
    /** Its arguments. */
    get args(): Parameters<F>;
    /** How the task runs. */
    get execution(): ExecutionName;
    /** Runs the task: resolves to what its function returned, rejects with what it threw. */
    run(): Promise<Awaited<ReturnType<F>>>;
}
