/**
 * Neighbouring tasks that travel together: their execution has them all, while their collection still goes from one to
 * the next, and awaits each in its turn.
 */
export class HandedOver {
    #executions;
    #host;
    #stopOnError;
    #runs = new Map();
    constructor(executions, host, onError) {
        this.#executions = executions;
        this.#host = host;
        this.#stopOnError = onError === 'stop';
    }
    /**
     * The run of an entry that is handed over, now or before, and with it those of its neighbours, which begin at `after`
     * in `entries`; `undefined` where it runs by itself.
     */
    run(entry, entries, after) {
        if (!this.#runs.has(entry))
            this.#handOver(entry, entries, after);
        const run = this.#runs.get(entry);
        this.#runs.delete(entry);
        return run;
    }
    /** Forgets those behind a task at which their lane has stopped: they are handed over again when their turn comes. */
    forget() {
        this.#runs.clear();
    }
    #handOver(entry, entries, after) {
        const execution = entry.executionIn(this.#executions);
        const lane = execution?.openLane?.();
        if (lane === undefined)
            return;
        let next = entry;
        for (let i = after; next !== undefined && next.executionIn(this.#executions) === execution; next = entries[i++]) {
            const run = next.runIn(lane, this.#executions, this.#host, this.#stopOnError);
            run.promise.catch(() => { }); // awaited in its turn
            this.#runs.set(next, run);
        }
    }
}
