import { closingError } from './closing.js';
import { FST_BGT_QUEUE_FULL } from './errors.js';
/** Counts the tasks of an app, and knows which collections still hold some. */
export class TaskTracker {
    /** Tasks that were accepted and whose turn in their collection has not come. */
    waiting = 0;
    /** Those whose turn it is. */
    running = 0;
    completed = 0;
    failed = 0;
    /** Handlers at work: each may still add tasks. */
    handlers = 0;
    #maxPending;
    /** Those of them whose clients have left. */
    #left = new Set();
    /** Those that hold tasks which have not ended; each knows its index. A Set would cost four times as much. */
    #collections = [];
    /** Those who wait for the end of something. */
    #waiters = [];
    /** @param maxPending how many tasks may wait or run at once */
    constructor(maxPending = Infinity) {
        this.#maxPending = maxPending;
    }
    /** Tasks whose turn it is, but that wait for a thread or for their next attempt. */
    get heldUp() {
        return this.#collections.filter(({ isHeldUp }) => isHeldUp).length;
    }
    /** @throws `FST_BGT_QUEUE_FULL` where there is no room for another task */
    admit() {
        if (this.waiting + this.running >= this.#maxPending)
            throw queueFull(this.#maxPending);
    }
    handlerStarted() {
        this.handlers++;
    }
    clientLeft(handler) {
        this.#left.add(handler);
    }
    handlerSettled(handler) {
        this.handlers--;
        if (this.#left.size > 0)
            this.#left.delete(handler);
        this.#announce();
    }
    /** Runs the tasks that wait for handlers whose clients have left. */
    releaseLeft() {
        for (const handler of this.#left)
            handler.release();
    }
    taskAccepted(collection) {
        this.waiting++;
        if (collection.index === -1)
            collection.index = this.#collections.push(collection) - 1;
    }
    taskStarted() {
        this.waiting--;
        this.running++;
    }
    taskEnded(collection, outcome) {
        this.running--;
        this[outcome]++;
        this.#lessTasks(collection);
    }
    tasksDiscarded(collection, count) {
        this.waiting -= count;
        this.#lessTasks(collection);
    }
    /** Resolves when no task is waiting or running. */
    async idle() {
        while (this.waiting + this.running > 0)
            await this.#change();
    }
    /** Resolves when no task is waiting or running, and no handler is left that could add one. */
    async finished() {
        while (this.handlers + this.waiting + this.running > 0)
            await this.#change();
    }
    /** Gives up what has not ended: what waits will not run, and each unfinished task is reported. */
    abandon() {
        const reason = closingError();
        for (const collection of [...this.#collections])
            collection.abandon(reason);
    }
    #lessTasks(collection) {
        if (collection.isEmpty)
            this.#forget(collection);
        this.#announce();
    }
    /** The last one takes the place of the one that goes. */
    #forget(collection) {
        const last = this.#collections.pop();
        if (last !== collection) {
            this.#collections[collection.index] = last;
            last.index = collection.index;
        }
        collection.index = -1;
    }
    #change() {
        return new Promise((resolve) => { this.#waiters.push(resolve); });
    }
    #announce() {
        if (this.#waiters.length > 0)
            for (const wake of this.#waiters.splice(0))
                wake();
    }
}
/** When to try again, in seconds: as long as @fastify/under-pressure says by default. */
const retryAfter = '10';
/** Fastify gives the reply the headers of an error. */
function queueFull(maxPending) {
    return Object.assign(new FST_BGT_QUEUE_FULL(maxPending), { headers: { 'retry-after': retryAfter } });
}
