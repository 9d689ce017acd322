import { Collection } from './collection.js';
/**
 * A collection that an app keeps count of. It holds its tasks until it is released; from then on they run as they come.
 * Each runs once.
 */
export class TrackedCollection extends Collection {
    /** Where its tracker keeps it; -1 while it does not. */
    index = -1;
    #tracker;
    #reporter;
    #state = 'held';
    /** What was running when the collection was given up: reported as unfinished, not as failed. */
    #abandoned;
    constructor(tracker, reporter, executions, onError) {
        super(onError, executions);
        this.#tracker = tracker;
        this.#reporter = reporter;
    }
    /** Whether nothing is waiting or running. */
    get isEmpty() {
        return this.running === undefined && this.entries.length === 0;
    }
    /** Whether it is the turn of a task of its that waits: for a thread, or for its next attempt. */
    get isHeldUp() {
        return this.running !== undefined && (this.running.retrying?.isWaiting === true || this.attempts?.isInLane === true);
    }
    add(func, args) {
        this.#tracker.admit();
        super.add(func, args);
        this.#tracker.taskAccepted(this);
        if (this.#state === 'refused')
            this.#discard();
        if (this.#state === 'released')
            this.pass();
    }
    /** Runs what it holds, now, whether released or not. Failures have been reported, so nobody needs to handle them. */
    run(executions) {
        const run = super.run(executions);
        run.catch(() => { });
        return run;
    }
    /** Runs what it holds, and from now on each task that is added. Never rejects. */
    release() {
        this.#state = 'released';
        return this.pass();
    }
    /** Discards what it holds, and from now on each task that is added. */
    refuse() {
        this.#state = 'refused';
        return this.#discard();
    }
    /** Discards what waits, and reports it together with the task that is running. */
    abandon(reason) {
        const waiting = this.#discard();
        this.#abandoned = this.running;
        if (this.running !== undefined)
            this.#reporter.taskUnfinished(this.running.task, this.isHeldUp ? 'waiting' : 'running');
        this.running?.abandon(reason);
        for (const task of waiting)
            this.#reporter.taskUnfinished(task, 'waiting');
    }
    next() {
        const entry = this.entries.shift();
        if (entry !== undefined)
            this.#tracker.taskStarted();
        return entry;
    }
    indexAfter() {
        return 0;
    }
    get host() {
        return this.#reporter;
    }
    completed(entry) {
        this.#reporter.taskCompleted(ended(entry));
        this.running = undefined;
        this.#tracker.taskEnded(this, 'completed');
    }
    failed(error, entry) {
        const skipped = this.onError === 'stop' ? this.#discard() : [];
        if (entry !== this.#abandoned)
            this.#reporter.taskFailed(error, ended(entry), entry.task, skipped);
        this.running = undefined;
        this.#tracker.taskEnded(this, 'failed');
        // Either way: what waits now was added by the one who was told.
        return true;
    }
    #discard() {
        const discarded = this.entries.splice(0);
        if (discarded.length > 0)
            this.#tracker.tasksDiscarded(this, discarded.length);
        return discarded.map(({ task }) => task);
    }
}
/** The attempt with which a task has ended. */
function ended({ latest }) {
    const run = latest;
    run.ended();
    return run;
}
