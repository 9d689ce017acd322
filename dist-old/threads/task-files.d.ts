/** A module whose exported functions are tasks. */
export interface TaskModule {
    /** Its `file:` URL. */
    readonly module: string;
    /** What the names of its tasks begin with. */
    readonly path: string;
}
/**
 * Finds task modules: a file, those in a folder and its folders, or a package.
 *
 * @throws `FST_BGT_TASK_MODULE` where there is nothing
 */
export declare function findTaskModules(where: string | URL): Promise<TaskModule[]>;
