import { BackgroundTask, type TaskFunction } from './background-task.js';
import { type OnError } from './collection.js';
/** Options of a collection. */
export interface CollectionOptions {
    /**
     * `'continue'`: the others run, and `run()` rejects once all have. `'stop'`: `run()` rejects at the first failure,
     * and those after it do not run.
     * @default 'continue'
     */
    onError?: OnError | undefined;
}
/** The rule for `onError`, wherever it stands. */
export declare const onErrorRule: import("./options.js").Rule;
/**
 * An ordered list of tasks, run one at a time in the order in which they were added, whatever their execution. A
 * collection is a task itself, and may hold collections.
 *
 * @example
 * ```ts
 * const tasks = new BackgroundTasks([new BackgroundTask(sendWelcome, user.email)])
 * tasks.addTask(audit, 'user created', { id: user.id })
 * await tasks()
 * ```
 */
export declare class BackgroundTasks extends BackgroundTask<() => Promise<void>> {
    #private;
    /**
     * @param tasks what it holds from the start
     * @throws `FST_BGT_INVALID_TASK` where `tasks` is no iterable of `BackgroundTask`s; `FST_BGT_INVALID_OPTION` for a
     * wrong or unknown option
     */
    constructor(tasks?: Iterable<BackgroundTask> | null, options?: CollectionOptions);
    /** The tasks, in order, as a frozen copy: {@link BackgroundTasks.addTask} adds one. */
    get tasks(): BackgroundTask[];
    /**
     * Adds a task at the end; where the collection is running, the task runs in the same pass. It runs in the async
     * context (`AsyncLocalStorage`) of this call.
     *
     * @param func the function itself; or a `BackgroundTask` or a collection, to run as it is
     * @param args the function's arguments; named ones travel as a trailing options object
     * @throws `FST_BGT_INVALID_FUNCTION` where `func` is no function; `FST_BGT_INVALID_TASK` where it is this collection
     */
    addTask<F extends TaskFunction>(func: F, ...args: Parameters<F>): void;
    /**
     * Runs every task; a request's collection runs each of its tasks once. Where the collection is running already, it
     * joins that pass, so one of its own tasks must not await it.
     *
     * @returns resolves when all have ended; rejects with the error of the one that failed, or with an `AggregateError`
     * where several did
     */
    run(): Promise<void>;
}
