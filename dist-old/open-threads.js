import { loadTasks } from './threads/load-tasks.js';
import { loadTaskModules } from './threads/task-modules.js';
import { ThreadPool } from './threads/thread-pool.js';
/** Loads an app's task modules, and gives it a pool of threads for their functions, if it wants one. */
export async function openThreads({ tasks, threads }, log, createPool = ThreadPool.create) {
    if (threads === false) {
        if (tasks !== undefined)
            await loadTaskModules(tasks);
        return;
    }
    if (tasks !== undefined)
        await loadTasks(tasks);
    const pool = createPool(threads, {
        thrown(err, task) { log.error({ err, task }, 'a callback of a background task threw after the task had ended'); },
        logged({ level, args, bindings, task, taskId }) { log.child({ ...bindings, task, taskId })[level](...args); }
    });
    if (pool === undefined && tasks !== undefined) {
        log.warn('background tasks have no worker threads, as fastify-background-tasks is in a bundle: keep it out of it ("external")');
    }
    return pool;
}
