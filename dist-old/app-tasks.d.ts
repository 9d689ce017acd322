import type { TaskFunction } from './core/background-task.js';
import type { Executions } from './core/executions/index.js';
import type { TaskTracker } from './core/task-tracker.js';
import { type TaskReporter } from './core/tracked-collection.js';
/** `fastify.backgroundTasks`: an app's view of its tasks, those of its requests and its own. */
export declare class AppTasks {
    #private;
    constructor(tracker: TaskTracker, reporter: TaskReporter, executions: Executions);
    /** Tasks that wait: for their response to be sent, for those before them in their collection, for a thread, or for their next attempt. */
    get pending(): number;
    /** Tasks that are running. */
    get running(): number;
    /** Tasks that have ended well, since the start. */
    get completed(): number;
    /** Tasks that have failed, since the start. */
    get failed(): number;
    /**
     * Runs a task that belongs to no request. It starts at once, beside other tasks; for several in order, pass a
     * collection, which counts as one task.
     *
     * @param func the function itself; or a `BackgroundTask` or a collection, to run as it is
     * @param args the function's arguments
     * @throws `FST_BGT_INVALID_FUNCTION` where `func` is no function
     */
    addTask<F extends TaskFunction>(func: F, ...args: Parameters<F>): void;
    /** Resolves when no task is waiting or running; for tests. */
    idle(): Promise<void>;
}
