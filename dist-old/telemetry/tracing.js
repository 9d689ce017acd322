import { tracingChannel } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
const channel = tracingChannel('fastify-background-tasks.task');
/** The attempts that are being told of. */
const runs = new WeakMap();
/** Publishes attempts at tasks on the channel. */
export const channelTracer = {
    get isOn() {
        return channel.hasSubscribers;
    },
    trace(run, work) {
        const { id, name, executionName: execution, attempt, host: { request } } = run;
        const message = { id, name, execution, attempt, request };
        runs.set(message, run);
        return channel.tracePromise(work, message);
    }
};
// Node.js hands what a subscriber throws to the process, which dies of it. Ours may not be in the way of a task: what
// they throw is logged.
const guarded = new WeakMap();
function guard(listener) {
    const known = guarded.get(listener);
    if (known !== undefined)
        return known;
    const safe = (message, name) => {
        try {
            listener(message, name);
        }
        catch (error) {
            report(error, message, name);
        }
    };
    guarded.set(listener, safe);
    guarded.set(safe, safe);
    return safe;
}
function guardChannel(channel) {
    // The channel's prototype is another one when it has subscribers.
    const own = (method) => function (listener) {
        return Object.getPrototypeOf(this)[method].call(this, typeof listener === 'function' ? guard(listener) : listener);
    };
    // Another copy of this package in the process has done it.
    if (Object.hasOwn(channel, 'subscribe'))
        return;
    const early = [...channel._subscribers ?? []];
    for (const listener of early)
        channel.unsubscribe(listener);
    Object.defineProperties(channel, { subscribe: { value: own('subscribe') }, unsubscribe: { value: own('unsubscribe') } });
    for (const listener of early)
        channel.subscribe(listener);
}
function report(error, message, name) {
    const run = runs.get(message);
    const text = `a subscriber of ${String(name)} threw`;
    try {
        if (run?.host.log === undefined)
            process.emitWarning(`${text}: ${inspect(error)}`);
        else
            run.host.log.error({ err: error, task: run.name }, text);
    }
    catch { } // a logger is users' code, and so are the getters of what is logged
}
for (const event of ['start', 'end', 'asyncStart', 'asyncEnd', 'error'])
    guardChannel(channel[event]);
