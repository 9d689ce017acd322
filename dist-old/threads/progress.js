/** How far a call has come. */
export const Status = {
    waiting: 0,
    /** The thread loads its module. */
    loading: 1,
    running: 2,
    /** Ended well, with nothing to tell. */
    completed: 3,
    /** Ended well; its result is in a message. */
    resulted: 4,
    /** Failed; why is in a message. */
    failed: 5,
    /** Ran past its timeout: its thread is to be stopped. */
    condemned: 6
};
/** Why a task should stop. */
export const Stop = {
    timeout: 2,
    closing: 3
};
/** Whether a task's signal is of interest to it, where it has not been asked to stop. */
const Interest = { none: 0, some: 1 };
/** The most calls that a batch holds. */
export const capacity = 256;
const bytes = 8 + (4 + 4 + 8 + 8) * capacity;
/**
 * How far a batch has come, in memory that main thread and worker thread share: a thread that is busy answers no
 * message, and one that has crashed never will.
 */
export class Progress {
    memory;
    /** How many lanes there are to claim, in the upper half, and how many are claimed, in the lower one. */
    #lanes;
    #statuses;
    /** Of each call, an `Interest` or a `StopReason`. */
    #stops;
    /** When each call began, in milliseconds of the process's clock. */
    #starts;
    /** How long each call took, in milliseconds. */
    #durations;
    constructor(memory = new SharedArrayBuffer(bytes)) {
        this.memory = memory;
        this.#lanes = new Int32Array(memory, 0, 1);
        this.#statuses = new Int32Array(memory, 8, capacity);
        this.#stops = new Int32Array(memory, 8 + 4 * capacity, capacity);
        this.#starts = new Float64Array(memory, 8 + 8 * capacity, capacity);
        this.#durations = new Float64Array(memory, 8 + 16 * capacity, capacity);
    }
    /** Main thread: begins a batch. */
    reset(lanes) {
        this.#statuses.fill(Status.waiting);
        this.#stops.fill(Interest.none);
        Atomics.store(this.#lanes, 0, lanes << 16);
    }
    /** Worker thread: claims the next lane. */
    claimLane() {
        for (;;) {
            const lanes = Atomics.load(this.#lanes, 0);
            const claimed = lanes & 0xffff;
            if (claimed >= lanes >>> 16)
                return;
            if (Atomics.compareExchange(this.#lanes, 0, lanes, lanes + 1) === lanes)
                return claimed;
        }
    }
    /** How many lanes the worker thread has claimed. */
    get claimed() {
        return Atomics.load(this.#lanes, 0) & 0xffff;
    }
    /** Main thread: takes back the lanes that have not been claimed, and says how many have. */
    takeBackLanes() {
        for (;;) {
            const lanes = Atomics.load(this.#lanes, 0);
            const claimed = lanes & 0xffff;
            if (Atomics.compareExchange(this.#lanes, 0, lanes, claimed << 16 | claimed) === lanes)
                return claimed;
        }
    }
    status(call) {
        return Atomics.load(this.#statuses, call);
    }
    /** Worker thread: a call's module is loading, or it is running. False where it is too late, as it is condemned. */
    begin(call, status) {
        this.#starts[call] = now();
        return this.#goOn(call, status);
    }
    /** Worker thread: a call has ended. False where it is too late, as it is condemned. */
    end(call, status) {
        this.#durations[call] = this.elapsed(call);
        return this.#goOn(call, status);
    }
    #goOn(call, status) {
        const before = this.status(call);
        return before !== Status.condemned && Atomics.compareExchange(this.#statuses, call, before, status) === before;
    }
    /** Main thread: a call has taken too long. False where it has just ended. */
    condemn(call, status) {
        return Atomics.compareExchange(this.#statuses, call, status, Status.condemned) === status;
    }
    /** Main thread: tells a call to stop. Says whether it has asked to hear of it. */
    askToStop(call, reason) {
        const before = Atomics.exchange(this.#stops, call, reason);
        Atomics.notify(this.#stops, call);
        return before === Interest.some;
    }
    /** Worker thread: resolves to a `StopReason` when the call is told to stop, or to something else when it has ended. */
    async untilStop(call) {
        Atomics.compareExchange(this.#stops, call, Interest.none, Interest.some);
        await Atomics.waitAsync(this.#stops, call, Interest.some).value;
        return Atomics.load(this.#stops, call);
    }
    /** Worker thread: the call has ended, and is not to be told to stop any more. */
    forgetStop(call) {
        if (Atomics.compareExchange(this.#stops, call, Interest.some, Interest.none) === Interest.some)
            Atomics.notify(this.#stops, call);
    }
    /** When a call began to load or to run, by the clock that all threads share. */
    start(call) {
        return this.#starts[call];
    }
    /** Whether a call has ended by itself. */
    hasEnded(call) {
        const status = this.status(call);
        return status === Status.completed || status === Status.resulted || status === Status.failed;
    }
    /** How long a call has been loading or running, in milliseconds. */
    elapsed(call) {
        return now() - this.start(call);
    }
    /** How long a call that has ended took, in milliseconds. */
    duration(call) {
        return this.#durations[call];
    }
}
/** The one clock that all threads of a process share. */
function now() {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1e3 + nanoseconds / 1e6;
}
/** What `performance.now()` of the main thread says when the shared clock says 0. */
const origin = performance.now() - now();
/** A time of the shared clock as `performance.now()` has it on the main thread. */
export function toPerformanceTime(time) {
    return origin + time;
}
