import type { FastifyContextConfig, FastifyRequest, RouteOptions } from 'fastify'
import type { BackgroundTask } from './core/background-task.js'
import { onErrorRule } from './core/background-tasks.js'
import { FST_BGT_INVALID_OPTION } from './core/errors.js'
import { aBoolean, aCount, aFunction, anything, atLeastOne, checkOptions, milliseconds, oneOf, someMilliseconds, type Rules } from './core/option-rules.js'
import type { OnError } from './core/owner.js'
import { resolveQueueOptions, type QueueOptions } from './queue/queue-options.js'
import { checkMetricsOptions, type MetricsOptions } from './telemetry/metrics.js'
import { taskModulesRule, type TaskModules } from './threads/task-modules.js'
import { checkThreadOptions, type ThreadOptions } from './threads/thread-options.js'

/** After which responses tasks run. */
export type RunOn = 'always' | 'success'

/** A route's own options: `{ config: { backgroundTasks: { … } } }`. The plugin's options apply to what is left out. */
export interface BackgroundTasksRouteOptions {
  /**
   * `'always'`: tasks run after every response. `'success'`: only if its status is below 400 and the client has got all of
   * it; else the tasks are discarded.
   * @default 'always'
   */
  runOn?: RunOn | undefined
  /**
   * What a failing task means for those behind it in its request: with `'continue'` they run, with `'stop'` they do not.
   * @default 'continue'
   */
  onError?: OnError | undefined
}

/** The plugin's options. */
export interface BackgroundTasksOptions extends BackgroundTasksRouteOptions {
  /**
   * Task modules: files, folders (read recursively) and packages. Paths are relative to the working directory. The
   * synchronous functions that they export (those not declared `async`) run in worker threads.
   */
  tasks?: TaskModules | undefined
  /**
   * The thread pool; `false` runs the synchronous functions of task modules inline.
   * @default {}
   */
  threads?: false | ThreadOptions | undefined
  /**
   * Called with each task that has failed, after the error has been logged. What it throws is logged as well.
   *
   * @param error what the task threw; `FST_BGT_UNFINISHED` if the app has closed without it
   * @param task the task, with its name, its function and its arguments
   * @param request the request whose task it was; `undefined` for a task of `fastify.backgroundTasks`
   */
  onTaskError?: ((error: unknown, task: BackgroundTask, request: FastifyRequest | undefined) => void) | undefined
  /**
   * How long each attempt at a task may take, in milliseconds. One that takes longer fails with `FST_BGT_TIMEOUT`, and
   * the next task runs: its thread is stopped, an async function's promise is no longer awaited, and
   * `taskContext().signal` aborts. A synchronous function that runs inline cannot be stopped.
   * @default none
   */
  timeout?: number | undefined
  /**
   * How often a task that has failed is retried, each time after a longer wait. The tasks behind it wait.
   * @default 0
   */
  retries?: number | undefined
  /**
   * How long the first retry waits, in milliseconds: up to twice as long at random, and twice as long for each that
   * follows, at most 30 s.
   * @default 100
   */
  backoff?: number | undefined
  /**
   * How many tasks may wait or run, in all. If there is no room for another one `addTask` throws
   * `FST_BGT_QUEUE_FULL`, which answers with 503 and `Retry-After`.
   * @default none
   */
  maxPending?: number | undefined
  /**
   * How many attempts at tasks run concurrently in this process. The others wait their turn, first come, first served.
   * @default none
   */
  maxRunning?: number | undefined
  /**
   * Prometheus metrics, powered by prom-client; `true` for its default registry.
   * @default false
   */
  metrics?: boolean | MetricsOptions | undefined
  /**
   * How long a task may block the event loop, in milliseconds, before a warning names it; `0` for no warning.
   * @default 50
   */
  blockedWarning?: number | undefined
  /**
   * How long `fastify.close()` waits for tasks once the server has closed, in milliseconds. Tasks that have not ended
   * by then fail with `FST_BGT_UNFINISHED`, and the shutdown continues.
   * @default 10_000
   */
  closeTimeout?: number | undefined
  /**
   * Whether the plugin's `onResponse` hook awaits the tasks. Then hooks that were added after it, and Fastify's line
   * `request completed`, come after the tasks. With `false` they do not wait: recommended with long tasks and retries.
   * @default true
   */
  awaitTasks?: boolean | undefined
  /**
   * A queue on Redis or PostgreSQL, powered by BullMQ: the functions of task modules are stored there, and workers run them,
   * in this process or in others. Everything else runs in this process.
   * @default none
   */
  queue?: string | URL | QueueOptions | undefined
}

const routeRules: Rules<BackgroundTasksRouteOptions> = {
  runOn: oneOf('always', 'success'),
  onError: onErrorRule
}

const rules: Rules<BackgroundTasksOptions> = {
  ...routeRules,
  tasks: taskModulesRule,
  threads: anything,
  onTaskError: aFunction,
  timeout: someMilliseconds,
  retries: aCount,
  backoff: milliseconds,
  maxPending: atLeastOne,
  maxRunning: atLeastOne,
  metrics: anything,
  blockedWarning: milliseconds,
  closeTimeout: milliseconds,
  awaitTasks: aBoolean,
  queue: anything
}

/** What Fastify itself takes from `register()` comes along with the plugin's options. */
const registerOptions = ['prefix', 'logLevel', 'logSerializers']

/** The plugin's options with their defaults, checked. */
export function resolveOptions (options: BackgroundTasksOptions) {
  checkOptions(options, rules, '', registerOptions)
  checkThreadOptions(options.threads)
  checkMetricsOptions(options.metrics)
  if (options.queue !== undefined && options.tasks === undefined) {
    throw new FST_BGT_INVALID_OPTION('tasks', 'it must name the task modules, because the option "queue" stores calls of their functions')
  }

  return {
    tasks: options.tasks,
    threads: options.threads ?? {},
    runOn: options.runOn ?? 'always',
    onError: options.onError ?? 'continue',
    onTaskError: options.onTaskError,
    timeout: options.timeout,
    retries: options.retries,
    backoff: options.backoff,
    maxPending: options.maxPending,
    maxRunning: options.maxRunning,
    metrics: options.metrics,
    blockedWarning: options.blockedWarning ?? 50,
    closeTimeout: options.closeTimeout ?? 10_000,
    awaitTasks: options.awaitTasks ?? true,
    queue: options.queue === undefined ? undefined : resolveQueueOptions(options.queue)
  } as const
}

/** What {@link resolveOptions} gives. */
export type ResolvedOptions = ReturnType<typeof resolveOptions>

type WithRouteOptions = { backgroundTasks?: BackgroundTasksRouteOptions } | undefined

/** Options that were found right: those of a route are the same object at each of its requests. */
const checked = new WeakSet<BackgroundTasksRouteOptions>()

/**
 * An `onRoute` hook: checks the options in the route's `config`.
 *
 * @throws `FST_BGT_INVALID_OPTION`
 */
export function checkRouteOptions ({ config }: Pick<RouteOptions, 'config'>): void {
  const options = (config as WithRouteOptions)?.backgroundTasks
  if (options === undefined || checked.has(options)) return

  checkOptions(options, routeRules, 'config.backgroundTasks')
  checked.add(options)
}

/** The options of a request: those of its route, and the plugin's for what it leaves out. */
export function routeOptionsOf (request: FastifyRequest, options: ResolvedOptions) {
  const { config } = request.routeOptions
  const own = (config as FastifyContextConfig & WithRouteOptions)?.backgroundTasks
  if (own === undefined) return options

  checkRouteOptions({ config })
  return { runOn: own.runOn ?? options.runOn, onError: own.onError ?? options.onError }
}
