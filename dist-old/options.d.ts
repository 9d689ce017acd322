import type { FastifyRequest } from 'fastify';
import type { BackgroundTask } from './core/background-task.js';
import type { OnError } from './core/collection.js';
import { type MetricsOptions } from './telemetry/metrics-options.js';
import { type TaskModules } from './threads/task-modules.js';
import { type ThreadOptions } from './threads/thread-options.js';
/** After which responses tasks run. */
export type RunOn = 'always' | 'success';
/** A route's own options: `{ config: { backgroundTasks: { … } } }`. What is left out is as the plugin's options say. */
export interface BackgroundTasksRouteOptions {
    /**
     * `'always'`: whatever the response. `'success'`: only where its status is below 400 and the client has stayed for
     * it; else the tasks are discarded.
     * @default 'always'
     */
    runOn?: RunOn | undefined;
    /**
     * What a failing task means for those after it in its request: `'continue'`, they run; `'stop'`, they do not.
     * @default 'continue'
     */
    onError?: OnError | undefined;
}
/** The plugin's options. */
export interface BackgroundTasksOptions extends BackgroundTasksRouteOptions {
    /**
     * Task modules, whose exported plain functions run in worker threads: files, folders (read recursively) and packages.
     * Paths are relative to the working directory.
     */
    tasks?: TaskModules | undefined;
    /**
     * The thread pool; `false` runs the plain functions of task modules inline.
     * @default {}
     */
    threads?: false | ThreadOptions | undefined;
    /**
     * Called with each task that has failed, after the error has been logged. What it throws is logged as well.
     *
     * @param error what the task threw
     * @param task the task, with its name, its function and its arguments
     * @param request the request whose task it was; `undefined` for a task of `fastify.backgroundTasks`
     */
    onTaskError?: ((error: unknown, task: BackgroundTask, request: FastifyRequest | undefined) => void) | undefined;
    /**
     * How long each attempt at a task may take, in milliseconds. One that takes longer fails with `FST_BGT_TIMEOUT`, and
     * the next task runs: its thread is stopped, an async function's promise is no longer awaited, and
     * `taskContext().signal` aborts. A plain function that runs inline cannot be stopped.
     * @default none
     */
    timeout?: number | undefined;
    /**
     * How often a task that has failed is tried again: after 100 to 200 ms, then after about twice as long each time, up
     * to 30 s. The tasks behind it wait.
     * @default 0
     */
    retries?: number | undefined;
    /**
     * How many tasks may wait or run at once. Where there is no room for another one `addTask` throws
     * `FST_BGT_QUEUE_FULL`, which answers with 503 and `Retry-After`.
     * @default none
     */
    maxPending?: number | undefined;
    /**
     * Prometheus metrics, by the package prom-client.
     * @default false
     */
    metrics?: false | MetricsOptions | undefined;
    /**
     * How long a plain function may hold the event loop, in milliseconds, before a warning names it; `0` for no warning.
     * @default 50
     */
    blockedWarning?: number | undefined;
    /**
     * How long `fastify.close()` waits for tasks once the server has closed, in milliseconds. Tasks that have not ended
     * by then are named in the log, and the close goes on.
     * @default 10_000
     */
    closeTimeout?: number | undefined;
}
/** The plugin's options with their defaults, checked. */
export declare function resolveOptions(options: BackgroundTasksOptions): {
    readonly tasks: TaskModules | undefined;
    readonly threads: false | ThreadOptions;
    readonly runOn: RunOn;
    readonly onError: OnError;
    readonly onTaskError: ((error: unknown, task: BackgroundTask, request: FastifyRequest | undefined) => void) | undefined;
    readonly timeout: number | undefined;
    readonly retries: number;
    readonly maxPending: number | undefined;
    readonly metrics: false | MetricsOptions;
    readonly blockedWarning: number;
    readonly closeTimeout: number;
};
/** What {@link resolveOptions} gives. */
export type ResolvedOptions = ReturnType<typeof resolveOptions>;
/** Checks a route's own options. */
export declare function checkRouteOptions(options: BackgroundTasksRouteOptions): void;
