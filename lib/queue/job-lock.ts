import { clearTimeout, now, setTimeout, sleep } from '../core/timers.js'

/** How long a renewal that failed waits until the next one, in milliseconds. */
const renewInterval = 500

/**
 * A worker's hold on a job. The server gives the job to another worker when the lock has not been renewed for some time: a
 * worker must know that it still has it before it records or begins anything.
 */
export class JobLock {
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
      await sleep(renewInterval) // the server is unavailable: the timer ends this in time
    }
  }
}

function lostError (): Error {
  return Object.assign(new Error('The job is lost: another worker has it, or will'), { name: 'AbortError', code: 'ABORT_ERR' })
}
