import type { TaskFunction } from './background-task.js';
/** Where the function of a task module is found: in another thread or process, too. */
export interface TaskSource {
    /** The task's name: `<path>.<export>`, or `<path>` for the default export. */
    readonly name: string;
    /** The module's `file:` URL. */
    readonly module: string;
    readonly exportName: string;
}
/** Makes a task module's function known by its identity. Under several names, it keeps the first. */
export declare function registerTask(func: TaskFunction, source: TaskSource): void;
/** The source of a task module's function; `undefined` for any other. */
export declare function sourceOf(func: TaskFunction): TaskSource | undefined;
/** Whether any is known. */
export declare function hasSources(): boolean;
/** The source of a task module's function that looks like this one, which is of none. */
export declare function likenessOf(func: TaskFunction): TaskSource | undefined;
