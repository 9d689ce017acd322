import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import type { BackgroundTask } from './core/background-task.js';
import type { TaskRun } from './core/task-run.js';
import type { TaskReporter } from './core/tracked-collection.js';
import type { BackgroundTasksOptions } from './options.js';
import type { Metrics } from './telemetry/metrics.js';
/** Who else is told. */
export interface TaskListeners {
    readonly onTaskError: BackgroundTasksOptions['onTaskError'];
    readonly metrics?: Metrics | undefined;
}
/** Logs what becomes of tasks, counts them, and tells `onTaskError`. Nothing that fails in here reaches a task. */
export declare class TaskLog implements TaskReporter {
    #private;
    readonly log: FastifyBaseLogger;
    readonly request: FastifyRequest | undefined;
    constructor(log: FastifyBaseLogger, listeners: TaskListeners, request?: FastifyRequest);
    taskCompleted(run: TaskRun): void;
    taskRetried(error: unknown, run: TaskRun): void;
    taskFailed(error: unknown, run: TaskRun, task: BackgroundTask, skipped: BackgroundTask[]): void;
    taskUnfinished(task: BackgroundTask, state: 'waiting' | 'running'): void;
}
