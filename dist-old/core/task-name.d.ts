import type { TaskFunction } from './background-task.js';
/** A task's name: the one that it was given, that of its source, or else its function's, or `anonymous`. */
export declare function nameOf(func: TaskFunction): string;
