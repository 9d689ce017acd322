import { Call } from './call.js';
import { Callable } from './callable.js';
import { Collection } from './collection.js';
import { nameOf } from './task-name.js';
/**
 * A function with its arguments, run when it is awaited.
 *
 * @example
 * ```ts
 * const task = new BackgroundTask(sendWelcome, 'ada@example.com', { subject: 'Welcome' })
 * await task() // resolves to what sendWelcome returned
 * ```
 */
export class BackgroundTask extends Callable {
    #work;
    constructor(func, ...args) {
        const work = func instanceof Collection || func instanceof Call ? func : new Call(func, args);
        super(work instanceof Collection ? closureOfCollection() : closureNamed(nameOf(work.func)));
        this.#work = work;
    }
    /** @internal The call behind a task, unless a subclass runs it in a way of its own. */
    static callOf(task) {
        return task.#work instanceof Call && task.run === BackgroundTask.prototype.run ? task.#work : undefined;
    }
    /** @internal The collection behind a task, where it is one. */
    static collectionOf(task) {
        return task.#work instanceof Collection ? task.#work : undefined;
    }
    /** The function. */
    get func() {
        return this.#work.func;
    }
    /** Its arguments. */
    get args() {
        return this.#work.args;
    }
    /** How the task runs. */
    get execution() {
        return this.#work.execution;
    }
    run(executions) {
        return this.#work.run(executions);
    }
}
/** A computed key names a function at half the cost of `Object.defineProperty`. */
function closureNamed(name) {
    const closure = { [name]: () => closure.run() }[name];
    return closure;
}
/** Each request that has tasks has a collection, so its closure has its name for nothing. */
function closureOfCollection() {
    const BackgroundTasks = () => BackgroundTasks.run();
    return BackgroundTasks;
}
