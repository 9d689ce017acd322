import { IncomingMessage, ServerResponse } from 'node:http'
import { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { BlockedWarning } from './blocked-warning.js'
import { Executions } from './core/executions.js'
import type { TaskStore } from './core/owner.js'
import { createTurns, type Turns } from './core/slots.js'
import { guardedLogger } from './core/task-logger.js'
import { TaskTracker } from './core/task-tracker.js'
import type { BackgroundTasksOptions } from './options.js'
import type { JobInfo, RunnerOptions } from './queue/job-run.js'
import { type Shared, TaskReport } from './task-report.js'
import { Metrics } from './telemetry/metrics.js'
import { openThreads } from './threads/open-threads.js'
import { loadTaskModules, type TaskModules } from './threads/task-modules.js'
import type { ThreadExecution } from './threads/thread-execution.js'

/** What the plugin and a worker need to open an app. */
export type AppOptions = Pick<BackgroundTasksOptions, 'tasks' | 'threads' | 'timeout' | 'retries' | 'backoff' | 'maxPending' | 'maxRunning' | 'metrics' | 'onTaskError'> &
  Required<Pick<BackgroundTasksOptions, 'blockedWarning' | 'closeTimeout'>>

/** What the plugin and a worker have alike: executions, threads, slots, counts, metrics. */
export class App implements Shared {
  readonly tracker: TaskTracker
  readonly executions: Executions
  readonly turns: Turns
  readonly metrics: Metrics | undefined
  readonly onTaskError: BackgroundTasksOptions['onTaskError']
  readonly closeTimeout: number
  /** Where tasks are stored that run elsewhere. */
  store: TaskStore | undefined
  readonly #log: FastifyBaseLogger
  readonly #warning: BlockedWarning | undefined
  readonly #threads: ThreadExecution | undefined

  /**
   * @param isForeign says what an argument is that belongs to the server, and can go nowhere
   * @throws `FST_BGT_TASK_MODULE`, `FST_BGT_MISSING_DEPENDENCY`, `FST_BGT_INVALID_OPTION`
   */
  static async open (options: AppOptions, log: FastifyBaseLogger, isForeign?: (value: object) => string | undefined): Promise<App> {
    const metrics = options.metrics === undefined || options.metrics === false ? undefined : await Metrics.open(options.metrics)
    const threads = await openThreads({ tasks: options.tasks, threads: options.threads ?? {}, isForeign }, log)
    return new App(options, log, metrics, threads)
  }

  private constructor (options: AppOptions, log: FastifyBaseLogger, metrics: Metrics | undefined, threads: ThreadExecution | undefined) {
    const { timeout, retries, backoff, maxPending, maxRunning, onTaskError, blockedWarning, closeTimeout } = options
    const warning = blockedWarning > 0 ? new BlockedWarning(log, blockedWarning) : undefined
    const ranInline = warning && warning.ran.bind(warning)
    this.#log = log
    this.#warning = warning
    this.tracker = new TaskTracker(maxPending)
    this.executions = new Executions({ timeout, retries, backoff, ranInline }, threads === undefined ? [] : [threads])
    this.turns = createTurns(maxRunning)
    this.metrics = metrics
    this.onTaskError = onTaskError
    this.closeTimeout = closeTimeout
    this.#threads = threads
  }

  /** What a worker of this process needs to run jobs. Their tasks have counts of their own: they may be anybody's. */
  async forJobs (tasks: TaskModules, completedLevel?: 'debug' | 'info'): Promise<RunnerOptions> {
    const { executions, turns, onTaskError, closeTimeout } = this
    const metrics = this.metrics?.forWorker()
    const shared: Shared = { tracker: new TaskTracker(), executions, turns, metrics, onTaskError, closeTimeout, completedLevel }
    return {
      functions: await loadTaskModules(tasks),
      log: guardedLogger(this.#log),
      createOwner: ({ id, reqId, signal }: JobInfo) => new TaskReport(shared, this.#log.child({ job: id, reqId }), undefined, signal),
      tookOver: () => { metrics?.takenOver(1) },
      blocked: (functions, duration) => { this.#warning?.blocked(functions, duration) }
    }
  }

  /** Stops the threads. */
  async close (): Promise<void> {
    await this.#threads?.close()
  }
}

/**
 * Recognizes arguments that belong to the server, and can go to no thread or queue.
 *
 * @returns a function that says what such an argument is; `undefined` for any other
 */
export function foreignIn (fastify: FastifyInstance): (value: object) => string | undefined {
  return (value) => {
    if ('routeOptions' in value && 'raw' in value) return 'request' in value ? 'the reply' : 'the request'
    if (value instanceof IncomingMessage || value instanceof Http2ServerRequest) return 'the raw request'
    if (value instanceof ServerResponse || value instanceof Http2ServerResponse) return 'the raw response'
    return value === fastify ? 'the Fastify instance' : undefined
  }
}
