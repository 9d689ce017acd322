import { TrackedCollection } from './core/tracked-collection.js';
/** `fastify.backgroundTasks`: an app's view of its tasks, those of its requests and its own. */
export class AppTasks {
    #tracker;
    #reporter;
    #executions;
    constructor(tracker, reporter, executions) {
        this.#tracker = tracker;
        this.#reporter = reporter;
        this.#executions = executions;
    }
    /** Tasks that wait: for their response to be sent, for those before them in their collection, for a thread, or for their next attempt. */
    get pending() { return this.#tracker.waiting + this.#tracker.heldUp; }
    /** Tasks that are running. */
    get running() { return this.#tracker.running - this.#tracker.heldUp; }
    /** Tasks that have ended well, since the start. */
    get completed() { return this.#tracker.completed; }
    /** Tasks that have failed, since the start. */
    get failed() { return this.#tracker.failed; }
    /**
     * Runs a task that belongs to no request. It starts at once, beside other tasks; for several in order, pass a
     * collection, which counts as one task.
     *
     * @param func the function itself; or a `BackgroundTask` or a collection, to run as it is
     * @param args the function's arguments
     * @throws `FST_BGT_INVALID_FUNCTION` where `func` is no function
     */
    addTask(func, ...args) {
        const tasks = new TrackedCollection(this.#tracker, this.#reporter, this.#executions, 'continue');
        tasks.add(func, args);
        tasks.release();
    }
    /** Resolves when no task is waiting or running; for tests. */
    async idle() {
        await this.#tracker.idle();
    }
}
