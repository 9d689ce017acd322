import { Attempts } from './attempts.js';
import { Entry } from './entry.js';
import { defaultExecutions } from './executions/index.js';
import { currentHost } from './task-run.js';
/** An ordered list of tasks, run one at a time. */
export class Collection {
    entries = [];
    args = [];
    execution = 'await';
    onError;
    /** The task that is at work. */
    running;
    /** Those at the tasks of the latest pass. */
    attempts;
    #executions;
    /** The pass under way. */
    #pass;
    #isAbandoned = false;
    constructor(onError, executions = defaultExecutions) {
        this.onError = onError;
        this.#executions = executions;
    }
    get func() {
        return async () => await this.run();
    }
    add(func, args) {
        this.entries.push(new Entry(func, args, this.#executions));
    }
    /** Runs every task, and rejects with what one of them threw, or with an `AggregateError` where several did. */
    async run(executions) {
        const errors = await this.pass(executions);
        if (errors.length === 1)
            throw errors[0];
        if (errors.length > 1)
            throw new AggregateError(errors, `${errors.length} background tasks failed`);
    }
    /** Runs every task, and resolves to what they threw. Joins the pass under way, if there is one. */
    pass(executions = this.#executions) {
        return (this.#pass ??= this.#runAll(executions, this.host));
    }
    /** Whose its tasks are. */
    get host() {
        return currentHost();
    }
    /** Gives up what waits in the pass under way, and tells the task that is at work to stop. */
    abandon(reason) {
        this.#isAbandoned = this.#pass !== undefined;
        this.running?.abandon(reason);
    }
    /** The entry to run when `ran` have run in this pass. */
    next(ran) {
        return this.#isAbandoned ? undefined : this.entries[ran];
    }
    /** Where in `entries` those begin that come after it. */
    indexAfter(ran) {
        return ran + 1;
    }
    /** The task that `next` gave last has completed. */
    completed(_entry) { }
    /** The task that `next` gave last has failed for good. Says whether the pass goes on. */
    failed(_error, _entry) {
        return this.onError === 'continue';
    }
    async #runAll(executions, host) {
        // Who asked for the pass goes on first: the listeners of a response's `finish`, or the caller of addTask().
        await null;
        const errors = [];
        this.attempts = new Attempts(executions, host, this.entries, this.onError);
        for (let ran = 0, entry = this.next(ran); entry !== undefined; entry = this.next(++ran)) {
            this.running = entry;
            try {
                await this.attempts.run(entry, this.indexAfter(ran));
                this.completed(entry);
            }
            catch (error) {
                errors.push(error);
                if (!this.failed(error, entry))
                    break;
            }
        }
        // In the same turn as the last look for a task: one that is added from now on begins a pass of its own.
        this.#pass = undefined;
        this.#isAbandoned = false;
        this.running = undefined;
        return errors;
    }
}
