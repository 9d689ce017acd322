import type { FastifyPluginAsync } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { App, foreignIn } from './app.js'
import { AppTasks } from './app-tasks.js'
import { beforeOthersClose, finishTasks } from './close.js'
import { BackgroundTask } from './core/background-task.js'
import { BackgroundTasks } from './core/background-tasks.js'
import { FST_BGT_ALREADY_REGISTERED } from './core/errors.js'
import { taskContext } from './core/task-context.js'
import { guardedLogger } from './core/task-logger.js'
import { defineTask } from './core/task-options.js'
import { checkRouteOptions, resolveOptions, type BackgroundTasksOptions, type BackgroundTasksRouteOptions } from './options.js'
import { openAppQueue } from './queue/app-queue.js'
import { createRequestHooks } from './request-hooks.js'
import { handlerEnded, kTasks, Requests } from './request-tasks.js'
import { TaskReport } from './task-report.js'
import { loadTasks } from './threads/open-threads.js'
import type { TaskModules } from './threads/task-modules.js'

export { BackgroundTask } from './core/background-task.js'
export { BackgroundTasks } from './core/background-tasks.js'
export type { AppTasks } from './app-tasks.js'
export type { AddedTask, CollectionOptions, TransactionClient } from './core/background-tasks.js'
export type { ExecutionName } from './core/attempt.js'
export type { OnError } from './core/owner.js'
export { taskContext } from './core/task-context.js'
export type { TaskContext } from './core/task-context.js'
export type { TaskFunction } from './core/task-function.js'
export type { LogFn, TaskLogger } from './core/task-logger.js'
export { defineTask } from './core/task-options.js'
export type { TaskOptions } from './core/task-options.js'
export type { TaskTrace } from './core/run-task.js'
export type { MetricsOptions, MetricsRegistry } from './telemetry/metrics.js'
export { loadTasks } from './threads/open-threads.js'
export type { TaskModules } from './threads/task-modules.js'
export type { ThreadOptions } from './threads/thread-options.js'
export type { Enqueue, QueueOptions, WorkerSettings } from './queue/queue-options.js'
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

/** Fastify publishes here that the promise of an async handler has ended, also if its client has left and no hook will run. */
const handlerEnd = 'tracing:fastify.request.handler:asyncEnd'

const register: FastifyPluginAsync<BackgroundTasksOptions> = async (fastify, opts) => {
  if (fastify.hasDecorator('backgroundTasks')) throw new FST_BGT_ALREADY_REGISTERED()

  const options = resolveOptions(opts)
  const app = await App.open(options, fastify.log, foreignIn(fastify))
  const queue = options.queue && await openAppQueue(options.queue, { log: guardedLogger(fastify.log), timeout: options.timeout })
  app.store = queue?.store
  if (queue?.hasWorker) await queue.work(await app.forJobs(options.tasks as TaskModules))

  const requests = new Requests(app, options)
  const { watch, settle, replyFailed, drain } = createRequestHooks(requests)
  const appTasks = new AppTasks(app.tracker, new TaskReport(app, fastify.log), queue)

  fastify.decorate('backgroundTasks', appTasks)
  fastify.decorateRequest(kTasks, null)
  fastify.decorateRequest('backgroundTasks', { getter () { return requests.of(this).front } })
  app.metrics?.add(appTasks)

  fastify.addHook('onRoute', checkRouteOptions)
  fastify.addHook('onRequest', watch)
  fastify.addHook('onSend', settle)
  fastify.addHook('onError', replyFailed)
  fastify.addHook('onResponse', drain)
  subscribe(handlerEnd, handlerEnded)

  beforeOthersClose(fastify, async () => {
    await finishTasks({ tracker: app.tracker, closeTimeout: options.closeTimeout, log: fastify.log, requests, queue })
    await Promise.all([app.close(), queue?.close()])
  })
  fastify.addHook('onClose', async () => {
    unsubscribe(handlerEnd, handlerEnded)
    app.metrics?.delete(appTasks)
  })
}

/** The plugin. `require()` returns it, too, with the classes and functions as its properties. */
export const backgroundTasks = Object.assign(
  fastifyPlugin(register, { fastify: '5.x', name: 'fastify-background-tasks' }),
  { BackgroundTask, BackgroundTasks, defineTask, loadTasks, taskContext }
)
Object.assign(backgroundTasks, { backgroundTasks })

export default backgroundTasks
export { backgroundTasks as 'module.exports' }
