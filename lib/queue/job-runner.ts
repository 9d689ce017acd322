import type { Job } from 'bullmq'
import type { TaskFunction } from '../core/background-task.js'
import { BackgroundTask } from '../core/background-task.js'
import { FST_BGT_UNKNOWN_TASK, FST_BGT_WORKER } from '../core/errors.js'
import type { Executions } from '../core/executions/index.js'
import { messageOf } from '../core/message-of.js'
import { optionsOf } from '../core/task-options.js'
import { TaskRun } from '../core/task-run.js'
import { isWorthwhile } from '../core/retry.js'
import type { TaskReporter } from '../core/tracked-collection.js'
import type { OpenWorker } from './engine.js'
import { parseJobData, parseProgress, type JobData, type JobProgress, type StoredTask } from './job-data.js'

/** How many workers may die of a task. */
const mostDeaths = 3
/** How long a job waits until it is tried to record its progress once more, in milliseconds. */
const recordInterval = 500

/** A task has failed, and is to be tried again. */
export class AttemptFailed extends Error {
  /** From 1. */
  readonly attempt: number

  constructor (thrown: unknown, attempt: number) {
    super(messageOf(thrown), { cause: thrown })
    this.attempt = attempt
  }
}

/** What a worker has for its jobs. */
export interface JobRunnerOptions {
  readonly functions: ReadonlyMap<string, TaskFunction>
  readonly executions: Executions
  /** Who is told of the tasks of a job. */
  readonly reporterOf: (job: Job, reqId?: string) => TaskReporter
  /** How often the server has not done what it was asked for. */
  readonly countTroubles: () => number
  /** BullMQ's own error for what is not to be tried again. */
  readonly UnrecoverableError: new (message: string) => Error
}

/** Runs the tasks of jobs, in order, and records each that has ended, so that a job goes on where it was left. */
export class JobRunner {
  readonly #options: JobRunnerOptions
  readonly #active = new Set<TaskRun>()
  /** When the latest one has ended. */
  #endedAt = 0

  constructor (options: JobRunnerOptions) {
    this.#options = options
  }

  /** The tasks that are running. */
  get active (): Iterable<TaskRun> {
    return this.#active
  }

  /** For how long no task has been running, in milliseconds. */
  get idleFor (): number {
    return this.#active.size > 0 ? 0 : performance.now() - this.#endedAt
  }

  /**
   * @param lost aborts when another worker may have taken the job over
   * @throws `AttemptFailed` where the job is to be tried again
   */
  async run (job: Job, lost?: AbortSignal): Promise<void> {
    const data = this.#parse(job)
    const reporter = this.#options.reporterOf(job, data.reqId)
    const progress = parseProgress(job.progress, data)
    const isEnded = (): boolean => progress.outcomes.length >= data.tasks.length
    if (isEnded() && job.stalledCounter <= progress.deaths) startOver(progress)
    else if (isEnded()) await recordDeath(job, progress, lost)

    const troubles = this.#options.countTroubles()
    while (!isEnded()) {
      lost?.throwIfAborted()
      const index = progress.outcomes.length
      await this.#runTask(job, data, data.tasks[index] as StoredTask, progress, reporter, lost)
      progress.failures = 0
      progress.deaths = job.stalledCounter
      // The end of the job tells as much, if it reaches the server.
      if (!isEnded() || progress.failed.length > 0 || this.#options.countTroubles() > troubles) await record(job, progress, lost)
    }
    if (progress.failed.length > 0) throw new this.#options.UnrecoverableError(summaryOf(progress, data))
  }

  #parse (job: Job): JobData {
    try {
      return parseJobData(job.data)
    } catch (error) {
      throw new this.#options.UnrecoverableError(messageOf(error))
    }
  }

  async #runTask (job: Job, { tasks, onError }: JobData, task: StoredTask, progress: JobProgress, reporter: TaskReporter, lost?: AbortSignal): Promise<void> {
    const run = this.#begin(job, task, progress, reporter)
    const deaths = job.stalledCounter - progress.deaths
    try {
      if (deaths >= mostDeaths) throw new FST_BGT_WORKER(task.name, deaths)
      await this.#attempt(run)
      progress.outcomes.push('completed')
      reporter.taskCompleted(run)
    } catch (error) {
      if (++progress.failures < task.attempts && mayComeBack(job) && deaths < mostDeaths && isWorthwhile(error)) {
        await record(job, progress, lost)
        reporter.taskRetried?.(error, run)
        throw new AttemptFailed(error, progress.failures)
      }
      progress.outcomes.push('failed')
      progress.failed.push({ id: task.id, name: task.name, message: messageOf(error) })
      const skipped = onError === 'stop' ? tasks.slice(progress.outcomes.length) : []
      for (let i = 0; i < skipped.length; i++) progress.outcomes.push('skipped') // spread, very many would overflow the stack
      reporter.taskFailed(error, run, new BackgroundTask(run.work.func, ...task.args), skipped.map(({ name }) => namedTask(name)))
    }
  }

  async #attempt (run: TaskRun): Promise<void> {
    this.#active.add(run)
    try {
      await this.#options.executions.run(run)
    } finally {
      this.#active.delete(run)
      this.#endedAt = performance.now()
      run.ended()
    }
  }

  #begin (job: Job, { id, name, args, timeout }: StoredTask, { failures, deaths }: JobProgress, reporter: TaskReporter): TaskRun {
    const { functions, executions } = this.#options
    const func = functions.get(name) ?? (async () => { throw new FST_BGT_UNKNOWN_TASK(name) })
    const attempt = failures + job.stalledCounter - deaths + 1
    const identity = { id, addedAt: job.timestamp - performance.timeOrigin }
    return new TaskRun({ func, args, name }, executions.of(func), optionsOf(func).timeout ?? timeout, reporter, identity, attempt)
  }
}

/** A backoff strategy: twice as long after each attempt at a task, and up to half as long again, so that tasks do not come back together. */
export function backoffOf (attemptsMade: number, _type?: string, error?: Error, job?: { opts: { backoff?: unknown } }): number {
  const { delay = 0 } = (job?.opts.backoff ?? {}) as { delay?: number }
  const attempt = error instanceof AttemptFailed ? error.attempt : attemptsMade
  return Math.round(delay * 2 ** (attempt - 1) * (1 + Math.random() / 2))
}

/** Jobs that could not be renewed may be with other workers. */
export function watchLocks (worker: OpenWorker['worker']): void {
  worker.on('lockRenewalFailed', (ids) => { for (const id of ids) worker.cancelJob(id, 'another worker may have it') })
}

/** Whether BullMQ tries a job again: one that is tried again by hand may have used up its own attempts, which are those of its tasks. */
function mayComeBack ({ attemptsMade, opts: { attempts = 1 } }: Job): boolean {
  return attemptsMade + 1 < attempts
}

/** A job that had ended, and is tried again by hand: what had not completed runs once more, with what comes after it. */
function startOver (progress: JobProgress): void {
  const first = progress.outcomes.findIndex((outcome) => outcome !== 'completed')
  if (first === -1) return
  progress.outcomes.length = first
  progress.failed.length = 0
}

/** Goes on until the server has it: what has run is not to run again, because the server was away for a moment. */
async function record (job: Job, progress: JobProgress, lost?: AbortSignal): Promise<void> {
  for (;;) {
    try {
      return await job.updateProgress({ ...progress })
    } catch (error) {
      if (lost?.aborted !== false || isGone(error)) throw error
      await new Promise((resolve) => { setTimeout(resolve, recordInterval) })
    }
  }
}

/** A worker has died when it had run them all: they are not run again, unless it is asked for by hand. */
async function recordDeath (job: Job, progress: JobProgress, lost?: AbortSignal): Promise<void> {
  progress.deaths = job.stalledCounter
  await record(job, progress, lost)
}

function isGone (error: unknown): boolean {
  return /Missing key for job/.test(messageOf(error))
}

function summaryOf ({ failed }: JobProgress, { tasks }: JobData): string {
  const errors = failed.map(({ id, name, message }) => `"${name}" (${id}): ${message}`)
  return `${failed.length} of ${tasks.length} background tasks failed: ${errors.join('; ')}`
}

function namedTask (name: string): BackgroundTask {
  return new BackgroundTask({ [name]: () => {} }[name] as TaskFunction)
}
