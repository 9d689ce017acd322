/** How far a call has come. */
export declare const Status: {
    readonly waiting: 0;
    /** The thread loads its module. */
    readonly loading: 1;
    readonly running: 2;
    /** Ended well, with nothing to tell. */
    readonly completed: 3;
    /** Ended well; its result is in a message. */
    readonly resulted: 4;
    /** Failed; why is in a message. */
    readonly failed: 5;
    /** Ran past its timeout: its thread is to be stopped. */
    readonly condemned: 6;
};
export type CallStatus = typeof Status[keyof typeof Status];
/** Why a task should stop. */
export declare const Stop: {
    readonly timeout: 2;
    readonly closing: 3;
};
export type StopReason = typeof Stop[keyof typeof Stop];
/** The most calls that a batch holds. */
export declare const capacity = 256;
/**
 * How far a batch has come, in memory that main thread and worker thread share: a thread that is busy answers no
 * message, and one that has crashed never will.
 */
export declare class Progress {
    #private;
    readonly memory: SharedArrayBuffer;
    constructor(memory?: SharedArrayBuffer);
    /** Main thread: begins a batch. */
    reset(lanes: number): void;
    /** Worker thread: claims the next lane. */
    claimLane(): number | undefined;
    /** How many lanes the worker thread has claimed. */
    get claimed(): number;
    /** Main thread: takes back the lanes that have not been claimed, and says how many have. */
    takeBackLanes(): number;
    status(call: number): CallStatus;
    /** Worker thread: a call's module is loading, or it is running. False where it is too late, as it is condemned. */
    begin(call: number, status: typeof Status.loading | typeof Status.running): boolean;
    /** Worker thread: a call has ended. False where it is too late, as it is condemned. */
    end(call: number, status: typeof Status.completed | typeof Status.resulted | typeof Status.failed): boolean;
    /** Main thread: a call has taken too long. False where it has just ended. */
    condemn(call: number, status: CallStatus): boolean;
    /** Main thread: tells a call to stop. Says whether it has asked to hear of it. */
    askToStop(call: number, reason: StopReason): boolean;
    /** Worker thread: resolves to a `StopReason` when the call is told to stop, or to something else when it has ended. */
    untilStop(call: number): Promise<number>;
    /** Worker thread: the call has ended, and is not to be told to stop any more. */
    forgetStop(call: number): void;
    /** When a call began to load or to run, by the clock that all threads share. */
    start(call: number): number;
    /** Whether a call has ended by itself. */
    hasEnded(call: number): boolean;
    /** How long a call has been loading or running, in milliseconds. */
    elapsed(call: number): number;
    /** How long a call that has ended took, in milliseconds. */
    duration(call: number): number;
}
/** A time of the shared clock as `performance.now()` has it on the main thread. */
export declare function toPerformanceTime(time: number): number;
