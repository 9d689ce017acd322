import type { FastifyBaseLogger } from 'fastify'
import { FST_BGT_INVALID_OPTION } from '../core/errors.js'
import { Executions } from '../core/executions/index.js'
import { createLogger } from '../core/task-logger.js'
import { anything, aFunction, atLeastOne, checkOptions, milliseconds, type Rules } from '../core/options.js'
import { InlineWatch } from '../inline-watch.js'
import { openThreads } from '../open-threads.js'
import type { BackgroundTasksOptions } from '../options.js'
import { checkMetricsOptions } from '../telemetry/metrics-options.js'
import { Metrics } from '../telemetry/metrics.js'
import { channelTracer } from '../telemetry/tracing.js'
import { loadTaskModules, type TaskModules } from '../threads/task-modules.js'
import { checkThreadOptions, type ThreadOptions } from '../threads/thread-options.js'
import { Engine } from './engine.js'
import { resolveQueueOptions, type QueueOptions } from './queue-options.js'
import { startWorker } from './start-worker.js'

export type { QueueOptions } from './queue-options.js'
export type { ThreadOptions } from '../threads/thread-options.js'

/** Options of a worker. */
export interface WorkerOptions {
  /** The task modules: those of the servers that add the tasks. */
  tasks: TaskModules
  /** The queue, as the servers name it; or its connection alone. */
  queue: string | QueueOptions
  /**
   * The thread pool; `false` runs plain functions inline.
   * @default {}
   */
  threads?: false | ThreadOptions | undefined
  /**
   * How many jobs are worked on at once.
   * @default 10
   */
  concurrency?: number | undefined
  /**
   * Logs as pino does.
   * @default silent
   */
  logger?: FastifyBaseLogger | undefined
  /**
   * How long a plain function may hold the event loop, in milliseconds, before a warning names it; `0` for no warning.
   * @default 50
   */
  blockedWarning?: number | undefined
  /**
   * Prometheus metrics of the tasks that run here, by the package prom-client.
   * @default false
   */
  metrics?: BackgroundTasksOptions['metrics']
  /** Called with each task that has failed for good. */
  onTaskError?: BackgroundTasksOptions['onTaskError']
}

/** A worker at work. */
export interface BackgroundWorker {
  /** Takes no more jobs, finishes those that it has, and disconnects. */
  close (): Promise<void>
}

const rules: Rules<WorkerOptions> = {
  tasks: anything,
  queue: anything,
  threads: anything,
  concurrency: atLeastOne,
  logger: { expected: 'a logger as pino\'s are', accepts: (value) => typeof (value as FastifyBaseLogger | null)?.child === 'function' },
  blockedWarning: milliseconds,
  metrics: anything,
  onTaskError: aFunction
}

/**
 * Starts a worker: it takes jobs off the queue, and runs their tasks, those of a job one at a time, in order. It waits
 * for a server that is away.
 *
 * @throws `FST_BGT_INVALID_OPTION`; `FST_BGT_TASK_MODULE` where a task module cannot be loaded; `FST_BGT_MISSING_DEPENDENCY`
 */
export async function createWorker (options: WorkerOptions): Promise<BackgroundWorker> {
  checkOptions(options, rules)
  const { tasks, queue, threads: threadOptions = {}, concurrency = 10, logger, blockedWarning = 50, onTaskError } = options
  if (tasks === undefined) throw new FST_BGT_INVALID_OPTION('tasks', 'it must name the task modules whose functions the worker runs')
  const { name, connection } = resolveQueueOptions(typeof queue === 'string' ? { connection: queue } : queue ?? {})
  checkThreadOptions(threadOptions)
  checkMetricsOptions(options.metrics ?? false)

  const log = logger ?? createLogger(() => {}) as unknown as FastifyBaseLogger
  const engine = await Engine.load(name, connection)
  const functions = await loadTaskModules(tasks)
  const metrics = options.metrics ? await Metrics.open(options.metrics) : undefined
  const threads = await openThreads({ tasks, threads: threadOptions }, log)
  const watch = new InlineWatch(log, blockedWarning, threads !== undefined)
  const executions = new Executions({ threads, tracer: channelTracer, ranInline: watch.ran.bind(watch) })

  const worker = await startWorker(engine, { functions, executions, concurrency, log, listeners: { onTaskError, metrics } })
  return {
    async close () {
      await worker.close()
      await threads?.close()
    }
  }
}
