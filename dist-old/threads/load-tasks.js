import { inspect } from 'node:util';
import { defaultOptions } from '../core/executions/index.js';
import { loadTaskModules } from './task-modules.js';
import { ThreadPool } from './thread-pool.js';
/**
 * Loads task modules: from now on the plain functions that they export run in worker threads. It is what the plugin's
 * option `tasks` calls, and meant for use without Fastify.
 *
 * @param tasks files, folders (read recursively), names of packages, or `file:` URLs; paths are relative to the working
 * directory
 * @throws `FST_BGT_INVALID_OPTION` where it is none of these; `FST_BGT_TASK_MODULE` where a module cannot be found or
 * loaded, or two functions have one name
 *
 * @example
 * ```ts
 * import { resize } from './tasks/images.js'
 *
 * await loadTasks(new URL('./tasks/', import.meta.url))
 * await new BackgroundTask(resize, 'ada.png', 320)() // in a worker thread
 * ```
 */
export async function loadTasks(tasks) {
    await loadTaskModules(tasks);
    defaultOptions.threads ??= ThreadPool.create({}, {
        thrown(error, task = 'unknown') {
            process.emitWarning(`A callback of background task "${task}" threw after the task had ended: ${inspect(error)}`);
        },
        logged() { }
    });
}
