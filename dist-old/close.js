import { once } from 'node:events';
/**
 * Waits until every task that was accepted has ended, and every handler that could add one has settled, but no longer
 * than `closeTimeout` milliseconds. Then it gives up: what has not ended is named in the log.
 *
 * A handler whose client has left may never tell that it has settled. Its tasks wait for half of the time, so that they
 * have the other half to run.
 */
export async function finishTasks(tracker, closeTimeout, log) {
    const timeout = new AbortController();
    const halfTime = setTimeout(() => { tracker.releaseLeft(); }, closeTimeout / 2);
    const timer = setTimeout(() => { timeout.abort(); }, closeTimeout);
    await Promise.race([tracker.finished(), once(timeout.signal, 'abort')]);
    clearTimeout(halfTime);
    clearTimeout(timer);
    if (!timeout.signal.aborted)
        return;
    if (tracker.handlers > 0)
        log.warn({ handlers: tracker.handlers }, 'closing while handlers are still at work');
    tracker.abandon();
}
/** `fastify.onClose()`: unlike `addHook('onClose')`, it may be called when the app has started. Fastify's types lack it. */
export function onClose(fastify, hook) {
    fastify.onClose(hook);
}
