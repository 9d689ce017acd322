import type { TrackedCollection } from './tracked-collection.js';
interface Handler {
    /** Runs the tasks that it has added. */
    release(): void;
}
/** Counts the tasks of an app, and knows which collections still hold some. */
export declare class TaskTracker {
    #private;
    /** Tasks that were accepted and whose turn in their collection has not come. */
    waiting: number;
    /** Those whose turn it is. */
    running: number;
    completed: number;
    failed: number;
    /** Handlers at work: each may still add tasks. */
    handlers: number;
    /** @param maxPending how many tasks may wait or run at once */
    constructor(maxPending?: number);
    /** Tasks whose turn it is, but that wait for a thread or for their next attempt. */
    get heldUp(): number;
    /** @throws `FST_BGT_QUEUE_FULL` where there is no room for another task */
    admit(): void;
    handlerStarted(): void;
    clientLeft(handler: Handler): void;
    handlerSettled(handler: Handler): void;
    /** Runs the tasks that wait for handlers whose clients have left. */
    releaseLeft(): void;
    taskAccepted(collection: TrackedCollection): void;
    taskStarted(): void;
    taskEnded(collection: TrackedCollection, outcome: 'completed' | 'failed'): void;
    tasksDiscarded(collection: TrackedCollection, count: number): void;
    /** Resolves when no task is waiting or running. */
    idle(): Promise<void>;
    /** Resolves when no task is waiting or running, and no handler is left that could add one. */
    finished(): Promise<void>;
    /** Gives up what has not ended: what waits will not run, and each unfinished task is reported. */
    abandon(): void;
}
export {};
