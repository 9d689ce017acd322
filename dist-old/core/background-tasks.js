import { BackgroundTask } from './background-task.js';
import { Collection } from './collection.js';
import { describe } from './describe.js';
import { FST_BGT_INVALID_TASK } from './errors.js';
import { checkOptions, oneOf } from './options.js';
/** The rule for `onError`, wherever it stands. */
export const onErrorRule = oneOf('continue', 'stop');
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
export class BackgroundTasks extends BackgroundTask {
    #collection;
    constructor(tasks = null, options = {}) {
        const collection = tasks instanceof Collection ? tasks : createCollection(tasks, options);
        super(collection);
        this.#collection = collection;
    }
    /** The tasks, in order, as a frozen copy: {@link BackgroundTasks.addTask} adds one. */
    get tasks() {
        return Object.freeze(this.#collection.entries.map(({ task }) => task));
    }
    /**
     * Adds a task at the end; where the collection is running, the task runs in the same pass. It runs in the async
     * context (`AsyncLocalStorage`) of this call.
     *
     * @param func the function itself; or a `BackgroundTask` or a collection, to run as it is
     * @param args the function's arguments; named ones travel as a trailing options object
     * @throws `FST_BGT_INVALID_FUNCTION` where `func` is no function; `FST_BGT_INVALID_TASK` where it is this collection
     */
    addTask(func, ...args) {
        if (func === this)
            throw new FST_BGT_INVALID_TASK('itself, for whose end it would wait for ever');
        this.#collection.add(func, args);
    }
    run(executions) {
        return super.run(executions);
    }
}
function createCollection(tasks, options) {
    checkOptions(options, { onError: onErrorRule });
    const collection = new Collection(options.onError ?? 'continue');
    if (tasks !== null)
        for (const task of checkTasks(tasks))
            collection.add(task, []);
    return collection;
}
function checkTasks(tasks) {
    if (typeof tasks !== 'object' || tasks === null || !(Symbol.iterator in tasks)) {
        throw new FST_BGT_INVALID_TASK(describe(tasks));
    }
    const all = [...tasks];
    const wrong = all.findIndex((task) => !(task instanceof BackgroundTask));
    if (wrong !== -1)
        throw new FST_BGT_INVALID_TASK(`${describe(all[wrong])} at index ${wrong}`);
    return all;
}
