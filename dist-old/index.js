import fastifyPlugin from 'fastify-plugin';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { AppTasks } from './app-tasks.js';
import { finishTasks, onClose } from './close.js';
import { BackgroundTask } from './core/background-task.js';
import { BackgroundTasks } from './core/background-tasks.js';
import { FST_BGT_ALREADY_REGISTERED } from './core/errors.js';
import { defaultOptions, Executions } from './core/executions/index.js';
import { defineTask } from './core/task-options.js';
import { taskContext } from './core/task-context.js';
import { TaskTracker } from './core/task-tracker.js';
import { drainAfterOthers, drainLast } from './drain.js';
import { beginExchange, endOfHandler, exchangeOf, kExchange } from './exchange.js';
import { InlineWatch } from './inline-watch.js';
import { openThreads } from './open-threads.js';
import { resolveOptions } from './options.js';
import { checkRouteConfig } from './route-options.js';
import { TaskLog } from './task-log.js';
import { Metrics } from './telemetry/metrics.js';
import { channelTracer } from './telemetry/tracing.js';
import { loadTasks } from './threads/load-tasks.js';
export { BackgroundTask } from './core/background-task.js';
export { BackgroundTasks } from './core/background-tasks.js';
export { taskContext } from './core/task-context.js';
export { defineTask } from './core/task-options.js';
export { loadTasks } from './threads/load-tasks.js';
/** Fastify tells here that an async handler has ended, also where its client has left and no hook will run. */
const handlerEnd = 'tracing:fastify.request.handler:asyncEnd';
// Tasks that no app runs are traced, too.
defaultOptions.tracer = channelTracer;
const register = async (fastify, opts) => {
    if (fastify.hasDecorator('backgroundTasks'))
        throw new FST_BGT_ALREADY_REGISTERED();
    const options = resolveOptions(opts);
    const tracker = new TaskTracker(options.maxPending);
    const metrics = options.metrics === false ? undefined : await Metrics.open(options.metrics);
    const threads = await openThreads(options, fastify.log);
    const watch = new InlineWatch(fastify.log, options.blockedWarning, threads !== undefined);
    const { timeout, retries, onTaskError } = options;
    const executions = new Executions({ threads, timeout, retries, tracer: channelTracer, ranInline: watch.ran.bind(watch) });
    const app = { tracker, executions, options, listeners: { onTaskError, metrics } };
    const begin = (request) => beginExchange(request, app);
    const appTasks = new AppTasks(tracker, new TaskLog(fastify.log, app.listeners), executions);
    metrics?.add(appTasks);
    fastify.decorate('backgroundTasks', appTasks);
    fastify.decorateRequest(kExchange, null);
    fastify.decorateRequest('backgroundTasks', { getter() { return begin(this).tasks; } });
    fastify.addHook('onRoute', checkRouteConfig);
    fastify.addHook('onRoute', drainLast);
    fastify.addHook('onRequest', (request, reply, done) => {
        begin(request).watch(reply);
        done();
    });
    fastify.addHook('onSend', (request, reply, payload, done) => {
        exchangeOf(request)?.watch(reply).settled();
        done();
    });
    subscribe(handlerEnd, endOfHandler);
    fastify.addHook('onResponse', drainAfterOthers);
    let finished;
    const finish = () => (finished ??= finishTasks(tracker, options.closeTimeout, fastify.log).then(() => threads?.close()));
    fastify.addHook('preClose', (done) => {
        // Given from here, it runs when the server has closed, before every other onClose hook.
        onClose(fastify, finish);
        done();
    });
    fastify.addHook('onClose', async () => {
        await finish(); // for where another plugin's preClose hook has failed, so that ours has not run
        unsubscribe(handlerEnd, endOfHandler);
        metrics?.delete(appTasks);
    });
};
/** The plugin. What `require()` gives is the plugin too, so the classes are on it. */
export const backgroundTasks = Object.assign(fastifyPlugin(register, { fastify: '5.x', name: 'fastify-background-tasks' }), { BackgroundTask, BackgroundTasks, defineTask, loadTasks, taskContext });
Object.assign(backgroundTasks, { backgroundTasks });
export default backgroundTasks;
export { backgroundTasks as 'module.exports' };
