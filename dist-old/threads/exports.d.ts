import type { TaskFunction } from '../core/background-task.js';
/** The functions that a module exports, by the names of their exports; those that have the function's own name first. */
export declare function functionsOf(module: string, namespace: object): Map<string, TaskFunction>;
