import { ThreadCall } from './thread-call.js';
/** Calls that wait for threads, and run one at a time, in order. */
export class ThreadLane {
    #enqueue;
    #waiting = [];
    /** Whether it is in the queue, or with a thread. */
    #isOut = false;
    /** Whether it had its turn, and was given back what it held. */
    #isFirst = false;
    constructor(enqueue) {
        this.#enqueue = enqueue;
    }
    get waiting() {
        return this.#waiting;
    }
    run(run, stops, wantsResult = false) {
        const call = new ThreadCall(run, stops, wantsResult);
        this.#waiting.push(call);
        if (!this.#isOut)
            this.goOn();
        return call;
    }
    /** Takes calls off its beginning. */
    take(count) {
        return this.#waiting.splice(0, count);
    }
    /** Puts calls that have not run back to its beginning. */
    putBack(calls) {
        for (const call of calls)
            call.place = undefined;
        this.#waiting.unshift(...calls);
        this.#isFirst = calls.length > 0;
    }
    /** One of its calls has failed, so that those behind it, with a thread or not, do not run: their promises never settle. */
    stop(calls) {
        for (const call of calls)
            call.place = undefined;
        this.#waiting.length = 0;
    }
    /** Fails those that wait. */
    reject(errorOf) {
        for (const call of this.#waiting.splice(0))
            call.reject(errorOf(call));
    }
    /** Nothing of it is with a thread: the rest goes into the queue, at its head if it was there before. */
    goOn() {
        this.#isOut = this.#waiting.length > 0;
        if (this.#isOut)
            this.#enqueue(this, this.#isFirst);
    }
}
