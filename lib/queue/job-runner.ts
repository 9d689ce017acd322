import type { Attempt } from '../core/attempt.js'
import { closingError, messageOf } from '../core/errors.js'
import type { Owner } from '../core/owner.js'
import { make } from '../core/run-task.js'
import { clearInterval, now, setInterval } from '../core/timers.js'
import { JobRun, type Runner, type RunnerOptions } from './job-run.js'
import { type ActiveJob, type Ending, parseJobData } from './job.js'
import { safeText } from './safe-text.js'

/** How often the event loop is looked at while tasks run, in milliseconds. */
const interval = 20

/** Runs the jobs of a worker. */
export class JobRunner implements Runner {
  readonly options: RunnerOptions
  isSuspectRunning = false
  readonly #attempts = new Set<Attempt<Owner>>()
  readonly #runs = new Set<JobRun>()
  readonly #watch: BlockWatch | undefined
  /** When the latest attempt has ended. */
  #endedAt = now()

  constructor (options: RunnerOptions) {
    this.options = options
    this.#watch = options.blocked && new BlockWatch(options.blocked)
  }

  /** For how long no task has been running, in milliseconds. */
  get idleFor (): number {
    return this.#attempts.size > 0 ? 0 : now() - this.#endedAt
  }

  /** Runs a job until it ends or is to be given back. Never rejects. */
  async run (job: ActiveJob): Promise<Ending> {
    let run: JobRun
    try {
      run = this.#open(job)
    } catch (err) {
      const reason = messageOf(err)
      this.options.log.error({ err, job: job.id, queue: job.queue }, `a job failed: ${reason}`)
      return { type: 'failed', reason: safeText(reason) }
    }

    this.#runs.add(run)
    try {
      return await run.run()
    } finally {
      this.#runs.delete(run)
    }
  }

  /** Makes an attempt, which stops when the job is lost. */
  async make (attempt: Attempt<Owner>): Promise<void> {
    const { signal } = attempt.owner
    const stop = (): void => { attempt.abort(signal?.reason) }
    this.#attempts.add(attempt)
    this.#watch?.begin(attempt)
    signal?.addEventListener('abort', stop)
    try {
      await make(attempt)
    } finally {
      signal?.removeEventListener('abort', stop)
      this.#attempts.delete(attempt)
      this.#watch?.end(attempt)
      this.#endedAt = now()
    }
  }

  /** Tells the tasks that are running to stop, and leaves their jobs, with others that this process holds. */
  abandon (others: Iterable<ActiveJob> = []): void {
    const reason = closingError()
    for (const run of this.#runs) run.abandon(reason)
    for (const job of others) this.#open(job).abandon(reason)
  }

  /** @throws `FST_BGT_INVALID_JOB` */
  #open (job: ActiveJob): JobRun {
    return new JobRun(this, job, parseJobData(job.data))
  }
}

/** Notices that an async task blocks the event loop, and with it the worker's other jobs. Inline calls are measured where they are made. */
class BlockWatch {
  readonly #blocked: NonNullable<RunnerOptions['blocked']>
  readonly #running = new Set<Attempt>()
  /** What has run since the latest look. */
  #seen = new Set<Attempt>()
  #timer: NodeJS.Timeout | undefined
  #lookedAt = 0

  constructor (blocked: NonNullable<RunnerOptions['blocked']>) {
    this.#blocked = blocked
  }

  begin (attempt: Attempt): void {
    if (attempt.execution === 'thread') return

    this.#running.add(attempt)
    this.#seen.add(attempt)
    if (this.#timer !== undefined) return

    this.#lookedAt = now()
    this.#timer = setInterval(() => { this.#look() }, interval).unref()
  }

  end (attempt: Attempt): void {
    this.#running.delete(attempt)
  }

  #look (): void {
    const time = now()
    const duration = time - this.#lookedAt - interval
    const seen = [...this.#seen]
    this.#lookedAt = time
    this.#seen = new Set(this.#running)
    if (duration > interval && seen.length > 0 && seen.every(({ execution }) => execution === 'await')) this.#blocked([...new Set(seen.map(({ task }) => task.func))], duration)
    if (this.#seen.size > 0) return

    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
