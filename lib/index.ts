import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { AppTasks } from './app-tasks.js'
import { finishTasks, onClose } from './close.js'
import { BackgroundTask } from './core/background-task.js'
import { BackgroundTasks } from './core/background-tasks.js'
import { FST_BGT_ALREADY_REGISTERED } from './core/errors.js'
import { defaultOptions, Executions } from './core/executions/index.js'
import { taskContext } from './core/task-context.js'
import { defineTask } from './core/task-options.js'
import { TaskTracker } from './core/task-tracker.js'
import { drainAfterOthers, drainLast } from './drain.js'
import { beginExchange, endOfHandler, kExchange } from './exchange.js'
import { InlineWatch } from './inline-watch.js'
import { openThreads } from './open-threads.js'
import { resolveOptions, type BackgroundTasksOptions, type BackgroundTasksRouteOptions } from './options.js'
import { AppQueue } from './queue/app-queue.js'
import { checkRouteConfig } from './route-options.js'
import { settleOrStoreFirst } from './settle-or-store-first.js'
import { TaskLog } from './task-log.js'
import { Metrics } from './telemetry/metrics.js'
import { channelTracer } from './telemetry/tracing.js'
import { loadTasks } from './threads/load-tasks.js'
import type { TaskModules } from './threads/task-modules.js'

export { BackgroundTask } from './core/background-task.js'
export { BackgroundTasks } from './core/background-tasks.js'
export type { AppTasks } from './app-tasks.js'
export type { TaskFunction } from './core/background-task.js'
export type { CollectionOptions } from './core/background-tasks.js'
export type { OnError } from './core/collection.js'
export type { ExecutionName } from './core/executions/execution.js'
export { taskContext } from './core/task-context.js'
export type { TaskContext } from './core/task-context.js'
export type { LogFn, TaskLogger } from './core/task-logger.js'
export { defineTask } from './core/task-options.js'
export type { TaskOptions } from './core/task-options.js'
export type { MetricsOptions, MetricsRegistry } from './telemetry/metrics-options.js'
export type { TaskTrace } from './telemetry/tracing.js'
export { loadTasks } from './threads/load-tasks.js'
export type { TaskModules } from './threads/task-modules.js'
export type { Enqueue, QueueOptions, WorkerSettings } from './queue/queue-options.js'
export type { ThreadOptions } from './threads/thread-options.js'
export type { BackgroundTasksOptions, BackgroundTasksRouteOptions, RunOn } from './options.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** The app's view of its background tasks. */
    readonly backgroundTasks: AppTasks
  }
  interface FastifyRequest {
    /** Tasks that run after the response has been sent; created at first use. */
    readonly backgroundTasks: BackgroundTasks
  }
  interface FastifyContextConfig {
    /** The route's own options for its background tasks. */
    backgroundTasks?: BackgroundTasksRouteOptions | undefined
  }
}

/** Fastify tells here that an async handler has ended, also where its client has left and no hook will run. */
const handlerEnd = 'tracing:fastify.request.handler:asyncEnd'

// Tasks that no app runs are traced, too.
defaultOptions.tracer = channelTracer

const register: FastifyPluginAsync<BackgroundTasksOptions> = async (fastify, opts) => {
  if (fastify.hasDecorator('backgroundTasks')) throw new FST_BGT_ALREADY_REGISTERED()

  const options = resolveOptions(opts)
  const tracker = new TaskTracker(options.maxPending)
  const metrics = options.metrics === false ? undefined : await Metrics.open(options.metrics)
  const threads = await openThreads(options, fastify.log)
  const queue = options.queue && await AppQueue.open(options.queue, fastify.log)
  const watch = new InlineWatch(fastify.log, options.blockedWarning, threads !== undefined)
  const { timeout, retries, onTaskError } = options
  const inProcess = { threads, timeout, retries, tracer: channelTracer, ranInline: watch.ran.bind(watch) }
  const executions = new Executions({ ...inProcess, queue: queue?.store })
  const app = { tracker, executions, options, listeners: { onTaskError, metrics } }
  await queue?.work(options.tasks as TaskModules, inProcess, app.listeners, fastify.log)
  const begin = (request: FastifyRequest) => beginExchange(request, app)

  const appTasks = new AppTasks(tracker, new TaskLog(fastify.log, app.listeners), executions, queue)
  metrics?.add(appTasks)
  fastify.decorate('backgroundTasks', appTasks)
  fastify.decorateRequest(kExchange, null)
  fastify.decorateRequest('backgroundTasks', { getter () { return begin(this).tasks } })

  fastify.addHook('onRoute', checkRouteConfig)
  fastify.addHook('onRoute', drainLast)
  fastify.addHook('onRequest', (request, reply, done) => {
    begin(request).watch(reply)
    done()
  })
  fastify.addHook('onSend', settleOrStoreFirst)
  subscribe(handlerEnd, endOfHandler)
  fastify.addHook('onResponse', drainAfterOthers)

  let finished: Promise<void> | undefined
  const finishAll = async () => {
    await finishTasks(tracker, options.closeTimeout, fastify.log, queue)
    await Promise.all([threads?.close(), queue?.store.close()])
  }
  const finish = () => (finished ??= finishAll())
  fastify.addHook('preClose', (done) => {
    // Given from here, it runs when the server has closed, before every other onClose hook.
    onClose(fastify, finish)
    done()
  })
  fastify.addHook('onClose', async () => {
    await finish() // for where another plugin's preClose hook has failed, so that ours has not run
    unsubscribe(handlerEnd, endOfHandler)
    metrics?.delete(appTasks)
  })
}

/** The plugin. What `require()` gives is the plugin too, so the classes are on it. */
export const backgroundTasks = Object.assign(
  fastifyPlugin(register, { fastify: '5.x', name: 'fastify-background-tasks' }),
  { BackgroundTask, BackgroundTasks, defineTask, loadTasks, taskContext }
)
Object.assign(backgroundTasks, { backgroundTasks })

export default backgroundTasks
export { backgroundTasks as 'module.exports' }
