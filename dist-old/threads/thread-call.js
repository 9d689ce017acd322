import { sourceOf } from '../core/task-registry.js';
import { Stop, Status, toPerformanceTime } from './progress.js';
/** A call for a thread to make. */
export class ThreadCall {
    run;
    source;
    /** Whether those behind it in its lane do not run when it fails. */
    stops;
    /** Whether somebody waits for what it returns. */
    wantsResult;
    promise;
    /** Where its thread tells how far it has come, while a thread has it. */
    place;
    /** How often its batch could not be begun. */
    failedStarts = 0;
    /** How often its thread has ended while it loaded the call's module. */
    failedLoads = 0;
    /** Whether its task has been told that the app closes, and listens. */
    isLeaving = false;
    isSettled = false;
    hasFailed = false;
    #resolve;
    #reject;
    constructor(run, stops, wantsResult) {
        this.run = run;
        this.source = sourceOf(run.work.func);
        this.stops = stops;
        this.wantsResult = wantsResult;
        this.promise = new Promise((resolve, reject) => {
            this.#resolve = resolve;
            this.#reject = reject;
        });
        run.onAbort = () => { this.isLeaving = this.askToStop(Stop.closing); };
    }
    get name() {
        return this.run.name;
    }
    get args() {
        return this.run.work.args;
    }
    get hasBegun() {
        return this.isSettled || (this.place !== undefined && this.place.progress.status(this.place.index) !== Status.waiting);
    }
    /** Has its task's signal aborted in its thread. Says whether the task has asked for it. */
    askToStop(reason) {
        return this.place?.progress.askToStop(this.place.index, reason) === true;
    }
    resolve(result) {
        this.#settle();
        this.#resolve(result);
    }
    reject(error) {
        this.#settle();
        this.hasFailed = true;
        this.#reject(error);
    }
    /** From now on its place may be another's. */
    #settle() {
        const place = this.hasBegun ? this.place : undefined;
        this.isSettled = true;
        if (place === undefined)
            return;
        const { progress, index } = place;
        this.run.startedAt = toPerformanceTime(progress.start(index));
        this.run.duration = progress.hasEnded(index) ? progress.duration(index) : progress.elapsed(index);
    }
}
