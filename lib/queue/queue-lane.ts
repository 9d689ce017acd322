import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { OnError } from '../core/collection.js'
import type { Lane, LaneRun } from '../core/executions/execution.js'
import { optionsOf } from '../core/task-options.js'
import { handled } from '../core/handled.js'
import type { TaskRun } from '../core/task-run.js'
import type { JobStore } from './job-store.js'

/** How long a job that was stored before its turn is kept from workers after its process has died, in milliseconds. */
const longestHold = 60_000
/** How often a process that lives says that it does. */
const holdInterval = longestHold / 2
/** How often a job is asked for whether it has ended, in milliseconds: at first, and later on. */
const [firstLook, lastLook] = [10, 500]
/** How long a job is waited for while there is no worker, in milliseconds. */
const longestWithoutWorkers = 5_000

/** Neighbouring tasks of a collection on their way to the queue, as one job. */
export class QueueLane implements Lane, LaneRun {
  readonly #id = randomUUID()
  readonly #store: JobStore
  readonly #onError: OnError
  readonly #runs: TaskRun[] = []
  /** Why it stores nothing behind one of its runs. */
  #refusal: { readonly error: unknown } | undefined
  #delay = 0
  #holding: NodeJS.Timeout | undefined
  #isStored = false
  #stored: Promise<void> | undefined

  constructor (store: JobStore, onError: OnError) {
    this.#store = store
    this.#onError = onError
  }

  /** All runs of a lane come in one go, and end together. One whose arguments were changed since it was added may be refused. */
  run (run: TaskRun): LaneRun {
    try {
      if (this.#refusal !== undefined) throw this.#refusal.error
      this.#store.check(run.work.func, run.work.args)
    } catch (error) {
      if (this.#onError === 'stop') this.#refusal = { error }
      return { promise: handled(Promise.reject(error)), hasBegun: false }
    }
    this.#runs.push(run)
    return this
  }

  /** Stores them, once somebody waits for it. */
  get promise (): Promise<void> {
    return (this.#stored ??= handled(Promise.resolve().then(() => this.#storeAll())))
  }

  get hasBegun (): boolean {
    return this.#isStored
  }

  hold (): void {
    this.#delay = longestHold
    this.#holding = setInterval(() => {
      if (this.#store.hurrying.aborted) clearInterval(this.#holding)
      else if (this.#isStored) this.#store.delay(this.#id, longestHold).catch(() => {}) // the next time, or never
    }, holdInterval).unref()
  }

  release (): void {
    clearInterval(this.#holding)
    if (this.#delay > 0) this.#stored?.then(() => this.#store.release(this.#id)).catch(() => {}) // workers have it a little later
  }

  withdraw (): void {
    clearInterval(this.#holding)
    this.#stored?.then(() => this.#store.withdraw(this.#id)).catch(() => {}) // taken back when the server is back
  }

  /**
   * Resolves when the job has ended; and where no worker is there, or the app closes, somewhat sooner: what waits for it is
   * to run all the same.
   *
   * @throws where it has failed, if `stops`
   */
  async ended (stops: boolean): Promise<void> {
    await this.#stored?.catch(() => {})
    if (!this.#isStored) return

    let nextCheck = performance.now() + longestWithoutWorkers
    for (let wait = firstLook; !this.#store.hurrying.aborted; wait = Math.min(lastLook, wait * 1.5)) {
      const state = await this.#store.stateOf(this.#id).catch(() => 'unreachable')
      if (state === 'failed' && stops) throw new Error(`Not run, as job ${this.#id} before it has failed, and onError is "stop"`)
      if (['completed', 'failed', 'unknown'].includes(state)) return

      if (performance.now() >= nextCheck) {
        if (!await this.#store.hasWorkers().catch(() => false)) return
        nextCheck = performance.now() + longestWithoutWorkers
      }
      await sleep(wait, undefined, { signal: this.#store.hurrying }).catch(() => {})
    }
  }

  async #storeAll (): Promise<void> {
    const { attempts } = this.#store.options
    const { request } = (this.#runs[0] as TaskRun).host as { request?: { id?: unknown } }
    await this.#store.store({
      id: this.#id,
      delay: this.#delay,
      data: {
        version: 1,
        onError: this.#onError,
        reqId: request?.id === undefined ? undefined : String(request.id),
        tasks: this.#runs.map(({ id, name, work, timeout }) => {
          const { retries } = optionsOf(work.func)
          return { id, name, args: work.args, timeout, attempts: retries === undefined ? attempts : retries + 1 }
        })
      }
    })
    this.#isStored = true
    for (const run of this.#runs) run.startedAt = performance.now()
  }
}
