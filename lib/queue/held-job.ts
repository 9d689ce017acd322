import type { Job } from 'bullmq'
import type { TaskLogger } from '../core/task-logger.js'
import { clearTimeout, limited, now, setTimeout, sleep } from '../core/timers.js'
import type { BullMq } from './connection.js'
import type { ActiveJob, Ending, JobProgress } from './job.js'
import { isIncurable, isNotOurs, withoutArguments } from './server-error.js'

/** How long what failed waits until it is repeated, in milliseconds. */
const repeatInterval = 500
/** How long the server may take to answer, in milliseconds. */
const longestAnswer = 5_000

/** A job of BullMQ's that this worker holds. */
export class HeldJob implements ActiveJob {
  readonly id: string
  readonly queue: string
  readonly isDurable = true
  readonly #job: Job
  readonly #token: string
  readonly #log: TaskLogger
  readonly #bullMq: BullMq
  readonly #lock: JobLock

  /** @param lockDuration in milliseconds */
  constructor (job: Job, token: string, lockDuration: number, log: TaskLogger, bullMq: BullMq) {
    this.id = job.id as string
    this.queue = job.queueName
    this.#job = job
    this.#token = token
    this.#log = log
    this.#bullMq = bullMq
    this.#lock = new JobLock(lockDuration, ageOf(job, lockDuration), async () => await this.#answer(job.extendLock(token, lockDuration)) === 1)
  }

  get data (): unknown { return this.#job.data }
  get progress (): unknown { return this.#job.progress }
  get storedAt (): number { return this.#job.timestamp }
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
      const error = new this.#bullMq.UnrecoverableError(ending.reason)
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

/**
 * A worker's hold on a job. The server gives the job to another worker when the lock has not been renewed for some time: a
 * worker must know that it still has it before it records or begins anything.
 */
class JobLock {
  readonly #duration: number
  readonly #extend: () => Promise<boolean>
  readonly #controller = new AbortController()
  /** When the latest renewal that was confirmed had been sent. */
  #confirmedAt: number
  #renewing: Promise<void> | undefined
  #timer: NodeJS.Timeout

  /**
   * @param duration in milliseconds
   * @param age how long ago the lock was taken, in milliseconds
   * @param extend asks the server to renew it; resolves to false if it is lost
   */
  constructor (duration: number, age: number, extend: () => Promise<boolean>) {
    this.#duration = duration
    this.#extend = extend
    this.#confirmedAt = now() - age
    this.#timer = this.#plan()
  }

  /** Aborts when the lock is lost, or when nothing has confirmed it for as long as it lasts. */
  get signal (): AbortSignal {
    return this.#controller.signal
  }

  /** Resolves to true when the lock was confirmed a short time ago; to false if it is lost. */
  async confirm (): Promise<boolean> {
    while (!this.signal.aborted && !this.#isFresh) await this.#renew()
    return !this.signal.aborted
  }

  /** It is held no more. */
  release (): void {
    clearTimeout(this.#timer)
  }

  /** Another worker has the job, or will. */
  lose (reason: unknown): void {
    this.release()
    this.#controller.abort(reason)
  }

  get #isFresh (): boolean {
    return now() - this.#confirmedAt < this.#duration / 3
  }

  /** A process that was stopped for a while learns by this timer that its time has passed. */
  #plan (): NodeJS.Timeout {
    const left = this.#confirmedAt + this.#duration - now()
    return setTimeout(() => {
      if (now() - this.#confirmedAt >= this.#duration) return this.lose(lostError())

      this.#renew().catch(() => {})
      this.#timer = this.#plan()
    }, Math.max(Math.min(this.#duration / 3, left), 1))
  }

  /** A renewal that was sent before a pause may be confirmed after it: what counts is when it was sent. */
  #renew (): Promise<void> {
    return (this.#renewing ??= this.#renewOnce().finally(() => { this.#renewing = undefined }))
  }

  async #renewOnce (): Promise<void> {
    const sentAt = now()
    try {
      if (await this.#extend()) this.#confirmedAt = Math.max(this.#confirmedAt, sentAt)
      else this.lose(lostError())
    } catch {
      await sleep(repeatInterval) // the server is unavailable: the timer ends this in time
    }
  }
}

function lostError (): Error {
  return Object.assign(new Error('The job is lost: another worker has it, or will'), { name: 'AbortError', code: 'ABORT_ERR' })
}
