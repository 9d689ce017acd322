import type { FastifyBaseLogger } from 'fastify'
import type { TaskFunction } from '../core/background-task.js'
import { closingError } from '../core/closing.js'
import type { Executions } from '../core/executions/index.js'
import { TaskLog, type TaskListeners } from '../task-log.js'
import type { Engine } from './engine.js'
import { backoffOf, JobRunner, watchLocks } from './job-runner.js'
import { limited } from './limited.js'

/** How long a job stays with a worker that gives no sign of life, in milliseconds. */
const lockDuration = 10_000
/** How often workers look for such jobs, in milliseconds. */
const stalledInterval = 5_000
/** How long a worker waits after an error of the server's, in milliseconds. */
const runRetryDelay = 1_000
/** How long it may take to disconnect, in milliseconds. */
const longestDisconnect = 1_000
/** A job may lose any number of workers: the tasks of it are counted, one by one. */
const maxStalledCount = 1_000_000

/** What a worker has. */
export interface QueueWorkerOptions {
  readonly functions: ReadonlyMap<string, TaskFunction>
  readonly executions: Executions
  readonly concurrency: number
  readonly log: FastifyBaseLogger
  readonly listeners: TaskListeners
}

/** Takes jobs off the queue, and runs their tasks. */
export class QueueWorker {
  readonly #worker: ReturnType<Engine['work']>
  readonly #runner: JobRunner
  readonly #isShared: boolean
  #lastError: string | undefined

  constructor (engine: Engine, { functions, executions, concurrency, log, listeners }: QueueWorkerOptions) {
    this.#isShared = engine.isShared
    this.#runner = new JobRunner({
      functions,
      executions,
      reporterOf: ({ id }, reqId) => new TaskLog(log.child({ job: id, reqId }), listeners),
      UnrecoverableError: engine.bullMq.UnrecoverableError
    })
    this.#worker = engine.work(async (job, _token, signal) => { await this.#runner.run(job, signal) }, {
      concurrency,
      lockDuration,
      stalledInterval,
      runRetryDelay,
      maxStalledCount,
      settings: { backoffStrategy: backoffOf }
    })
    watchLocks(this.#worker)
    this.#worker.on('error', (err) => {
      // While the server is away, each of its connections tells so each second.
      if (this.#lastError !== err.message) log.warn({ err }, 'the worker has trouble with the queue\'s server, and tries again')
      this.#lastError = err.message
    })
    this.#worker.on('active', () => { this.#lastError = undefined })
    this.#worker.on('failed', (job, err) => {
      if (job === undefined || !(err instanceof engine.bullMq.UnrecoverableError)) return
      log.error({ job: job.id, jobName: job.name, reason: err.message }, 'the job has failed')
    })
  }

  /** Resolves when it takes jobs. */
  async ready (): Promise<void> {
    await this.#worker.waitUntilReady()
  }

  /** Takes no more jobs, and finishes those that it has. */
  async close (): Promise<void> {
    await this.#worker.close()
  }

  /** Tells tasks that are running to stop, and leaves their jobs to other workers. */
  async abandon (): Promise<void> {
    this.#runner.abort(closingError())
    // Not awaited: where it is closing already, it waits for its jobs all the same.
    this.#worker.close(true).catch(() => {})
    if (this.#isShared) return

    await limited(this.#worker.disconnect(), longestDisconnect).catch(() => {})
    this.#worker.cancelAllJobs() // what can no longer be recorded
  }
}
