import type { TaskFunction } from '../core/background-task.js';
import { type Rule } from '../core/options.js';
/** What the option `tasks` takes: files, folders (read recursively) and packages. */
export type TaskModules = string | URL | ReadonlyArray<string | URL>;
/** The rule for `tasks`. */
export declare const taskModulesRule: Rule;
/** Functions of task modules, by the names of their tasks. */
export type TaskFunctions = Map<string, TaskFunction>;
/**
 * Loads task modules, so that the functions which they export are known by their identity.
 *
 * @throws `FST_BGT_INVALID_OPTION` where it is none; `FST_BGT_TASK_MODULE` where one cannot be found or loaded, or two functions have one name
 */
export declare function loadTaskModules(modules: TaskModules): Promise<TaskFunctions>;
