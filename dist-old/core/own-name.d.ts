import type { TaskFunction } from './background-task.js';
/** A function's own name, `''` where it has none. */
export declare function ownNameOf(func: TaskFunction): string;
