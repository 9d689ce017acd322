import { lowestLevel } from '../core/task-logger.js';
import { Progress, Status } from './progress.js';
/** Calls that are with a thread. */
export class Batch {
    id;
    calls = [];
    progress;
    /** Stops its thread, or takes it out of Piscina's queue. */
    controller = new AbortController();
    /** When its thread is stopped, by `performance.now()`. */
    stopAt = Infinity;
    /** Why its thread has ended, where the thread could tell. */
    crash;
    /** How often it was seen at work. */
    ticks = 0;
    /** How often it was seen when it was over, and still had calls that were not settled. */
    ticksOver = 0;
    /** Those that its thread has, or will have. */
    #stretches = [];
    constructor(id, progress) {
        this.id = id;
        this.progress = progress;
    }
    add(lane, calls) {
        this.#stretches.push({ lane, first: this.calls.length, calls });
        for (const call of calls)
            call.place = { progress: this.progress, index: this.calls.push(call) - 1 };
    }
    /** What its thread gets. */
    message() {
        this.progress.reset(this.#stretches.length);
        const indices = new Map();
        const functions = [];
        for (const { source, name } of this.calls) {
            if (!indices.has(source))
                indices.set(source, functions.push({ ...source, name }) - 1);
        }
        return {
            id: this.id,
            progress: this.progress.memory,
            functions,
            firstCalls: this.#stretches.map(({ first }) => first),
            calls: this.calls.map(({ source }) => indices.get(source)),
            args: this.calls.map(({ args }) => args),
            stops: this.calls.map(({ stops }) => stops),
            wantsResult: this.calls.map(({ wantsResult }) => wantsResult),
            ids: this.calls.map(({ run }) => run.id),
            attempts: this.calls.map(({ run }) => run.attempt),
            timeouts: this.calls.map(({ run }) => run.timeout),
            logLevel: Math.min(...this.calls.map(({ run }) => lowestLevel(run.host.log ?? {})))
        };
    }
    /** Whether its thread has begun with it. */
    get hasBegun() {
        return this.progress.claimed > 0;
    }
    /** Its calls that are not settled, without those that it has given back or that will not run. */
    get unsettled() {
        return this.calls.filter(({ isSettled, place }) => !isSettled && place?.progress === this.progress);
    }
    get isSettled() {
        return this.unsettled.length === 0;
    }
    /** The call that its thread is at. */
    current() {
        for (const [index, call] of this.calls.entries()) {
            const status = this.progress.status(index);
            if (status === Status.loading || status === Status.running)
                return { call, index, status };
        }
    }
    /** Settles the calls that have ended and of which no message tells more. */
    settleCompleted() {
        for (const [index, call] of this.calls.entries()) {
            if (!call.isSettled && this.progress.status(index) === Status.completed)
                call.resolve(undefined);
        }
    }
    /** Gives back to their lanes the calls that its thread has not come to, so that they need not wait for it. */
    takeBack() {
        const claimed = this.progress.takeBackLanes();
        for (const { lane, calls } of this.#stretches.splice(claimed).reverse()) {
            lane.putBack(calls);
            lane.goOn();
        }
    }
    /** Fails what has not ended of it, and of its lanes. */
    reject(errorOf) {
        for (const call of this.calls)
            if (!call.isSettled)
                call.reject(errorOf(call));
        for (const { lane } of this.#stretches)
            lane.reject(errorOf);
    }
    /**
     * Its thread has done with it, or ended. Gives back what has not run; the calls that were at work fail with what
     * `errorOf` makes of them.
     */
    over(errorOf) {
        this.settleCompleted();
        for (const { lane, first, calls } of this.#stretches.toReversed()) {
            const left = [];
            for (const [i, call] of calls.entries()) {
                let status = this.progress.status(first + i);
                // What an earlier task has left behind may have ended the thread: a module is blamed for the second time.
                if (status === Status.loading && call.failedLoads++ === 0)
                    status = Status.waiting;
                if (isAtWork(status) && !call.isSettled)
                    call.reject(errorOf(call, status));
                if (call.stops && (call.hasFailed || status === Status.failed)) {
                    lane.stop(calls.slice(i + 1));
                    break;
                }
                if (status === Status.waiting && !call.isSettled)
                    left.push(call);
            }
            lane.putBack(left);
            lane.goOn();
        }
    }
}
function isAtWork(status) {
    return status === Status.loading || status === Status.running || status === Status.condemned;
}
