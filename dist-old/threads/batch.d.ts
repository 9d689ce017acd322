import type { BatchMessage } from './messages.js';
import { Progress, Status, type CallStatus } from './progress.js';
import type { ThreadCall } from './thread-call.js';
import type { ThreadLane } from './thread-lane.js';
/** Calls that are with a thread. */
export declare class Batch {
    #private;
    readonly id: number;
    readonly calls: ThreadCall[];
    readonly progress: Progress;
    /** Stops its thread, or takes it out of Piscina's queue. */
    readonly controller: AbortController;
    /** When its thread is stopped, by `performance.now()`. */
    stopAt: number;
    /** Why its thread has ended, where the thread could tell. */
    crash: unknown;
    /** How often it was seen at work. */
    ticks: number;
    /** How often it was seen when it was over, and still had calls that were not settled. */
    ticksOver: number;
    constructor(id: number, progress: Progress);
    add(lane: ThreadLane, calls: ThreadCall[]): void;
    /** What its thread gets. */
    message(): BatchMessage;
    /** Whether its thread has begun with it. */
    get hasBegun(): boolean;
    /** Its calls that are not settled, without those that it has given back or that will not run. */
    get unsettled(): ThreadCall[];
    get isSettled(): boolean;
    /** The call that its thread is at. */
    current(): {
        call: ThreadCall;
        index: number;
        status: typeof Status.loading | typeof Status.running;
    } | undefined;
    /** Settles the calls that have ended and of which no message tells more. */
    settleCompleted(): void;
    /** Gives back to their lanes the calls that its thread has not come to, so that they need not wait for it. */
    takeBack(): void;
    /** Fails what has not ended of it, and of its lanes. */
    reject(errorOf: (call: ThreadCall) => unknown): void;
    /**
     * Its thread has done with it, or ended. Gives back what has not run; the calls that were at work fail with what
     * `errorOf` makes of them.
     */
    over(errorOf: (call: ThreadCall, status: CallStatus) => unknown): void;
}
