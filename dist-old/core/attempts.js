import { Retrying } from './entry.js';
import { HandedOver } from './handed-over.js';
import { retry } from './retry.js';
/** Makes the attempts at the tasks of a pass. */
export class Attempts {
    #executions;
    #host;
    #entries;
    #handedOver;
    /** The latest attempt, where a lane has it. */
    #laneRun;
    constructor(executions, host, entries, onError) {
        this.#executions = executions;
        this.#host = host;
        this.#entries = entries;
        this.#handedOver = executions.haveLanes ? new HandedOver(executions, host, onError) : undefined;
    }
    /** Whether a lane has the latest attempt, and has not begun with it. */
    get isInLane() {
        return this.#laneRun?.hasBegun === false;
    }
    /**
     * Makes attempts until one succeeds or none is left, and rejects with what that one threw.
     *
     * @param after where in the entries those begin that come after this one
     */
    run(entry, after) {
        const retries = entry.retriesIn(this.#executions);
        return retries === 0 ? this.#attempt(entry, after) : this.#persist(entry, after, retries);
    }
    #attempt(entry, after) {
        this.#laneRun = this.#handedOver?.run(entry, this.#entries, after);
        return this.#laneRun === undefined ? entry.run(this.#executions, this.#host) : entry.follow(this.#executions, this.#laneRun);
    }
    async #persist(entry, after, retries) {
        const retrying = (entry.retrying = new Retrying());
        const { signal } = retrying.patience;
        try {
            return await retry(() => this.#attempt(entry, after), retries, {
                signal: this.#host.signal === undefined ? signal : AbortSignal.any([signal, this.#host.signal]),
                onRetry: (error) => {
                    retrying.failures++;
                    retrying.isWaiting = true;
                    this.#handedOver?.forget();
                    this.#host.taskRetried?.(error, entry.latest);
                }
            });
        }
        catch (error) {
            this.#handedOver?.forget();
            throw error;
        }
    }
}
