import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { TaskTracker } from './core/task-tracker.js';
/**
 * Waits until every task that was accepted has ended, and every handler that could add one has settled, but no longer
 * than `closeTimeout` milliseconds. Then it gives up: what has not ended is named in the log.
 *
 * A handler whose client has left may never tell that it has settled. Its tasks wait for half of the time, so that they
 * have the other half to run.
 */
export declare function finishTasks(tracker: TaskTracker, closeTimeout: number, log: FastifyBaseLogger): Promise<void>;
/** `fastify.onClose()`: unlike `addHook('onClose')`, it may be called when the app has started. Fastify's types lack it. */
export declare function onClose(fastify: FastifyInstance, hook: () => Promise<void>): void;
