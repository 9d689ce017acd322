import type { FastifyBaseLogger } from 'fastify'
import { App } from './app.js'
import { FST_BGT_INVALID_OPTION } from './core/errors.js'
import { aFunction, anything, atLeastOne, checkOptions, milliseconds, oneOf, type Rules } from './core/option-rules.js'
import { silent } from './core/task-logger.js'
import type { BackgroundTasksOptions } from './options.js'
import { resolveQueueOptions, type QueueOptions } from './queue/queue-options.js'
import { startWorker } from './queue/queue-worker.js'
import { checkMetricsOptions } from './telemetry/metrics.js'
import type { TaskModules } from './threads/task-modules.js'
import { checkThreadOptions, type ThreadOptions } from './threads/thread-options.js'

export type { QueueOptions } from './queue/queue-options.js'
export type { ThreadOptions } from './threads/thread-options.js'

/** Options of a worker. */
export interface WorkerOptions {
  /** The task modules: those of the servers that add the tasks. */
  tasks: TaskModules
  /** The queue, as the servers name it; or its connection alone. */
  queue: string | URL | QueueOptions
  /**
   * The thread pool; `false` runs synchronous functions inline.
   * @default {}
   */
  threads?: false | ThreadOptions | undefined
  /**
   * How many jobs it runs concurrently.
   * @default 10
   */
  concurrency?: number | undefined
  /**
   * A logger with the interface of pino's.
   * @default silent
   */
  logger?: FastifyBaseLogger | undefined
  /**
   * The level at which it logs a completed task.
   * @default 'debug'
   */
  completedLevel?: 'debug' | 'info' | undefined
  /**
   * How long a task may block the event loop, in milliseconds, before a warning names it; `0` for no warning.
   * @default 50
   */
  blockedWarning?: number | undefined
  /**
   * Prometheus metrics of the tasks that run here, powered by prom-client; `true` for its default registry.
   * @default false
   */
  metrics?: BackgroundTasksOptions['metrics']
  /** Called with each task that has failed permanently. */
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
  logger: { expected: 'a logger with pino\'s interface', accepts: (value) => typeof (value as FastifyBaseLogger | null)?.child === 'function' },
  completedLevel: oneOf('debug', 'info'),
  blockedWarning: milliseconds,
  metrics: anything,
  onTaskError: aFunction
}

/**
 * Starts a worker: it takes jobs off the queue, and runs their tasks, those of a job one at a time, in order. It waits
 * for a server that is unavailable.
 *
 * @throws `FST_BGT_INVALID_OPTION`; `FST_BGT_TASK_MODULE` if a task module cannot be loaded; `FST_BGT_MISSING_DEPENDENCY`;
 * `FST_BGT_QUEUE_CONNECTION` if the queue's server refuses the worker permanently
 *
 * @example
 * ```ts
 * import { createWorker } from 'fastify-background-tasks/worker'
 *
 * const worker = await createWorker({ tasks: new URL('./tasks/', import.meta.url), queue: process.env.QUEUE_URL! })
 * process.once('SIGTERM', () => worker.close())
 * ```
 */
export async function createWorker (options: WorkerOptions): Promise<BackgroundWorker> {
  checkOptions(options, rules)
  const { tasks, threads, concurrency = 10, logger = silent as FastifyBaseLogger, completedLevel, blockedWarning = 50, metrics, onTaskError } = options
  if (tasks === undefined) throw new FST_BGT_INVALID_OPTION('tasks', 'it must name the task modules whose functions the worker runs')
  const queue = resolveQueueOptions(options.queue ?? {} as QueueOptions)
  if (queue.kind === 'memory') throw new FST_BGT_INVALID_OPTION('queue', '"memory:" is a queue within one process, and needs no worker; give the address of Redis or PostgreSQL')
  checkThreadOptions(threads)
  checkMetricsOptions(metrics)

  const app = await App.open({ tasks, threads, metrics, onTaskError, blockedWarning, closeTimeout: Infinity }, logger)
  const worker = await startWorker(queue, { ...await app.forJobs(tasks, completedLevel), name: queue.name, concurrency })
  return {
    async close () {
      await worker.close()
      await app.close()
    }
  }
}
