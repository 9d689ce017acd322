import type { FastifyPluginAsync } from 'fastify';
import { AppTasks } from './app-tasks.js';
import { BackgroundTask } from './core/background-task.js';
import { BackgroundTasks } from './core/background-tasks.js';
import { defineTask } from './core/task-options.js';
import { taskContext } from './core/task-context.js';
import { type BackgroundTasksOptions, type BackgroundTasksRouteOptions } from './options.js';
import { loadTasks } from './threads/load-tasks.js';
export { BackgroundTask } from './core/background-task.js';
export { BackgroundTasks } from './core/background-tasks.js';
export type { AppTasks } from './app-tasks.js';
export type { TaskFunction } from './core/background-task.js';
export type { CollectionOptions } from './core/background-tasks.js';
export type { OnError } from './core/collection.js';
export type { ExecutionName } from './core/executions/execution.js';
export { taskContext } from './core/task-context.js';
export type { TaskContext } from './core/task-context.js';
export type { LogFn, TaskLogger } from './core/task-logger.js';
export { defineTask } from './core/task-options.js';
export type { TaskOptions } from './core/task-options.js';
export type { MetricsOptions, MetricsRegistry } from './telemetry/metrics-options.js';
export type { TaskTrace } from './telemetry/tracing.js';
export { loadTasks } from './threads/load-tasks.js';
export type { TaskModules } from './threads/task-modules.js';
export type { ThreadOptions } from './threads/thread-options.js';
export type { BackgroundTasksOptions, BackgroundTasksRouteOptions, RunOn } from './options.js';
declare module 'fastify' {
    interface FastifyInstance {
        /** The app's view of its background tasks. */
        readonly backgroundTasks: AppTasks;
    }
    interface FastifyRequest {
        /** Tasks that run after the response has been sent; created at first use. */
        readonly backgroundTasks: BackgroundTasks;
    }
    interface FastifyContextConfig {
        /** The route's own options for its background tasks. */
        backgroundTasks?: BackgroundTasksRouteOptions | undefined;
    }
}
/** The plugin. What `require()` gives is the plugin too, so the classes are on it. */
export declare const backgroundTasks: FastifyPluginAsync<BackgroundTasksOptions> & {
    BackgroundTask: typeof BackgroundTask;
    BackgroundTasks: typeof BackgroundTasks;
    defineTask: typeof defineTask;
    loadTasks: typeof loadTasks;
    taskContext: typeof taskContext;
};
export default backgroundTasks;
export { backgroundTasks as 'module.exports' };
