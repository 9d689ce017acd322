import type { FastifyBaseLogger } from 'fastify'
import type { TaskFunction } from '../core/background-task.js'
import { closingError } from '../core/closing.js'
import type { Executions } from '../core/executions/index.js'
import { TaskLog, type TaskListeners } from '../task-log.js'
import type { Engine, OpenWorker } from './engine.js'
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
/** How long the server may take to let a worker go that runs nothing any more, in milliseconds. */
const longestFarewell = 2_000

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
  readonly #engine: Engine
  readonly #open: OpenWorker
  readonly #runner: JobRunner
  readonly #log: FastifyBaseLogger
  #lastError: string | undefined
  #troubles = 0
  #isAbandoned = false

  constructor (engine: Engine, { functions, executions, concurrency, log, listeners }: QueueWorkerOptions) {
    this.#engine = engine
    this.#log = log
    this.#runner = new JobRunner({
      functions,
      executions,
      reporterOf: ({ id }, reqId) => new TaskLog(log.child({ job: id, reqId }), listeners),
      countTroubles: () => this.#troubles,
      UnrecoverableError: engine.bullMq.UnrecoverableError
    })
    this.#open = engine.work(async (job, _token, signal) => { await this.#runner.run(job, signal) }, {
      concurrency,
      lockDuration,
      stalledInterval,
      runRetryDelay,
      maxStalledCount,
      settings: { backoffStrategy: backoffOf }
    })
    const { worker } = this.#open
    watchLocks(worker)
    worker.on('error', (err) => {
      this.#troubles++
      // While the server is away, each of its connections tells so each second.
      if (this.#lastError !== err.message) log.warn({ err }, 'the worker has trouble with the queue\'s server, and tries again')
      this.#lastError = err.message
    })
    worker.on('active', () => { this.#lastError = undefined })
    worker.on('failed', (job, err) => {
      if (job === undefined || !(err instanceof engine.bullMq.UnrecoverableError)) return
      log.error({ job: job.id, jobName: job.name, reason: err.message }, 'the job has failed')
    })
  }

  /** Resolves to true when it takes jobs; to false where the server has gone again, and it never will. */
  async ready (): Promise<boolean> {
    try {
      await limited(this.#open.worker.waitUntilReady(), this.#engine.longestStart)
      return true
    } catch {
      await this.abandon()
      return false
    }
  }

  /** Takes no more jobs, and finishes those that it has. Where the server does not answer, other workers have to end them. */
  async close (): Promise<void> {
    const closed = this.#open.worker.close()
    while (!this.#isAbandoned && !await isOver(closed, longestFarewell)) if (this.#runner.idleFor > longestFarewell) await this.abandon()
  }

  /** Tells tasks that are running to stop, and leaves their jobs to other workers. */
  async abandon (): Promise<void> {
    if (!this.#isAbandoned) this.#leaveTasks()
    this.#isAbandoned = true
    // Not awaited for long: where it is closing already, it waits for its jobs all the same.
    this.#open.abandon()
    await isOver(this.#open.worker.close(true), longestDisconnect)
  }

  #leaveTasks (): void {
    const reason = closingError()
    for (const run of this.#runner.active) {
      this.#log.warn({ task: run.name, taskId: run.id }, 'background task unfinished: another worker takes it over')
      run.abort(reason)
    }
  }
}

/** Whether a worker has closed, within some time. */
async function isOver (closed: Promise<void>, ms: number): Promise<boolean> {
  return await limited(closed, ms).then(() => true, () => false)
}
