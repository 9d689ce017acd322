import type { Job } from 'bullmq'
import type { TaskLogger } from '../core/task-logger.js'
import { sleep } from '../core/timers.js'
import type { ActiveJob, Ending } from './active-job.js'
import type { JobProgress } from './job-data.js'
import { JobLock } from './job-lock.js'
import { limited } from './limited.js'
import { isIncurable, isNotOurs, withoutArguments } from './server-error.js'

/** How long what failed waits until it is repeated, in milliseconds. */
const repeatInterval = 500
/** How long the server may take to answer, in milliseconds. */
const longestAnswer = 5_000

/** BullMQ's error for a job that is not to be retried. */
export interface BullMqErrors {
  readonly UnrecoverableError: new (message: string) => Error
}

/** A job of BullMQ's that this worker holds. */
export class HeldJob implements ActiveJob {
  readonly id: string
  readonly queue: string
  readonly isDurable = true
  readonly #job: Job
  readonly #token: string
  readonly #log: TaskLogger
  readonly #errors: BullMqErrors
  readonly #lock: JobLock

  /** @param lockDuration in milliseconds */
  constructor (job: Job, token: string, lockDuration: number, log: TaskLogger, errors: BullMqErrors) {
    this.id = job.id as string
    this.queue = job.queueName
    this.#job = job
    this.#token = token
    this.#log = log
    this.#errors = errors
    this.#lock = new JobLock(lockDuration, ageOf(job, lockDuration), async () => await this.#answer(job.extendLock(token, lockDuration)) === 1)
  }

  get data (): unknown { return this.#job.data }
  get progress (): unknown { return this.#job.progress }
  get losses (): number { return this.#job.stalledCounter }
  get ends (): number { return this.#job.attemptsMade }
  get signal (): AbortSignal { return this.#lock.signal }

  async confirm (): Promise<boolean> {
    return await this.#lock.confirm()
  }

  /** BullMQ's record asks for no lock: a worker that has lost the job must not send it. */
  async record (progress: JobProgress): Promise<boolean> {
    while (await this.#lock.confirm()) {
      try {
        await this.#answer(this.#job.updateProgress({ ...progress }))
        return true
      } catch (error) {
        if (isNotOurs(error)) this.#lock.lose(error) // the job was removed by hand
        else if (isIncurable(error)) {
          this.#log.error({ err: withoutArguments(error), job: this.id }, 'the progress of a job cannot be recorded: if its worker dies, its tasks run again')
          return true
        } else await sleep(repeatInterval)
      }
    }
    return false
  }

  abandon (reason: unknown): void {
    this.#lock.lose(reason)
  }

  /**
   * Ends the job, or lets it come back. Repeats that until the server has it: whatever BullMQ's own function fails with while
   * it completes a job counts as a failed attempt, and would run the last task again.
   */
  async end (ending: Ending): Promise<void> {
    try {
      while (ending.type !== 'lost' && !this.signal.aborted) {
        try {
          return await this.#answer(this.#move(ending))
        } catch (error) {
          if (isNotOurs(error)) return // it has ended: an answer was lost; or another worker has it
          if (!this.signal.aborted) await sleep(repeatInterval)
        }
      }
    } finally {
      this.#lock.release()
    }
  }

  /** What the server answers, if it does so in time, and this worker still has the job. */
  async #answer<T> (answer: Promise<T>): Promise<T> {
    return await limited(answer, longestAnswer, this.signal)
  }

  async #move (ending: Exclude<Ending, { type: 'lost' }>): Promise<void> {
    const job = this.#job
    if (ending.type === 'completed') await job.moveToCompleted(null, this.#token, false)
    else if (ending.type === 'delayed') await job.moveToDelayed(Date.now() + Math.round(ending.delay), this.#token)
    else {
      const error = new this.#errors.UnrecoverableError(ending.reason)
      error.stack = ending.reason
      await job.moveToFailed(error, this.#token, false)
    }
  }
}

/** How long ago the worker asked for the job, in milliseconds: between this and now the process may have been stopped. */
function ageOf ({ processedOn }: Job, lockDuration: number): number {
  const age = processedOn === undefined ? lockDuration : Date.now() - processedOn
  return age < 0 ? lockDuration : Math.min(age, lockDuration)
}
