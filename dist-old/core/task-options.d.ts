import type { TaskFunction } from './background-task.js';
/** What a task asks for. */
export interface TaskOptions {
    /**
     * Its name in logs, metrics and traces, and on a queue.
     * @default `<path>.<export>` for a function of a task module, else the function's own name
     */
    name?: string | undefined;
    /**
     * How long each attempt may take, in milliseconds.
     * @default the plugin's `timeout`
     */
    timeout?: number | undefined;
    /**
     * How often it is tried again when it has failed, each time after a longer wait.
     * @default the plugin's `retries`
     */
    retries?: number | undefined;
    /**
     * `false`: a plain function runs inline, though a task module exports it.
     * @default true
     */
    thread?: boolean | undefined;
    /**
     * `false`: it runs in this process, though the plugin has a queue.
     * @default true
     */
    queue?: boolean | undefined;
}
/**
 * Gives a function options that hold wherever it runs as a task. A second call replaces those of the first.
 *
 * @param func the function itself
 * @returns the same function, so that a task module which exports it lets it run in a thread
 * @throws `FST_BGT_INVALID_FUNCTION` where `func` is no function; `FST_BGT_INVALID_OPTION` for a wrong or unknown option
 *
 * @example
 * ```ts
 * export const charge = defineTask(async (order: string) => { … }, { name: 'charge', timeout: 5_000, retries: 3 })
 * ```
 */
export declare function defineTask<F extends TaskFunction>(func: F, options: TaskOptions): F;
/** The options that a function was given. */
export declare function optionsOf(func: TaskFunction): TaskOptions;
