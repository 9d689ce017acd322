import { AsyncResource } from 'node:async_hooks';
import { BackgroundTask } from './background-task.js';
import { Call } from './call.js';
import { TaskRun } from './task-run.js';
/** How far the attempts at a task have come. */
export class Retrying {
    /** How many have failed. */
    failures = 0;
    /** Whether the latest has failed, and the next one has not begun. */
    isWaiting = false;
    /** Ends the waiting for the next one. */
    patience = new AbortController();
}
/** A task as it waits in a collection, with the async context in which it was added. */
export class Entry extends AsyncResource {
    id;
    addedAt = performance.now();
    /** The latest attempt at it. */
    latest;
    /** Where it has retries. */
    retrying;
    /** None for a collection, or for a task that runs in a way of its own. */
    #call;
    #task;
    /** @throws `FST_BGT_INVALID_FUNCTION` */
    constructor(func, args, executions) {
        const task = func instanceof BackgroundTask ? func : undefined;
        const call = task === undefined ? new Call(func, args, executions) : BackgroundTask.callOf(task);
        super('BackgroundTask');
        this.#task = task;
        this.#call = call;
    }
    /** The task itself, made for the first who looks at it. */
    get task() {
        return (this.#task ??= new BackgroundTask(this.#call));
    }
    /** How the task runs, where it is a call. */
    executionIn(executions) {
        return this.#call && executions.of(this.#call.func);
    }
    /** How often the task is tried again. */
    retriesIn(executions) {
        return this.#call === undefined ? 0 : executions.retriesOf(this.#call.func);
    }
    /** Makes an attempt, in its context. */
    run(executions, host) {
        return this.runInAsyncScope(executions.run, executions, this.#begin(executions, host));
    }
    /** Hands an attempt over to a lane, which does not go on when it fails if `stops`, or if there are retries. */
    runIn(lane, executions, host, stops) {
        return lane.run(this.#begin(executions, host), stops || this.retriesIn(executions) > 0);
    }
    /** Waits for an attempt that was handed over, in its context. */
    follow(executions, { promise }) {
        return executions.isTraced ? this.runInAsyncScope(executions.follow, executions, this.latest, promise) : promise;
    }
    /** Tells the task to stop, and gives up what waits in it, where it is a collection. */
    abandon(reason) {
        this.latest?.abort(reason);
        this.retrying?.patience.abort(reason);
        if (this.#task !== undefined)
            BackgroundTask.collectionOf(this.#task)?.abandon(reason);
    }
    #begin(executions, host) {
        const attempt = (this.retrying?.failures ?? 0) + 1;
        if (this.retrying !== undefined)
            this.retrying.isWaiting = false;
        return (this.latest = this.#call === undefined
            ? new TaskRun(this.task, undefined, undefined, host, this, attempt)
            : executions.begin(this.#call, host, this, attempt));
    }
}
