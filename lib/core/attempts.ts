import { Retrying, type Entry } from './entry.js'
import type { Lane, LaneRun } from './executions/execution.js'
import type { Executions } from './executions/index.js'
import type { HandedOver } from './handed-over.js'
import { isUnavailable } from './errors.js'
import { retry } from './retry.js'
import type { TaskHost, TaskRun } from './task-run.js'

/** Makes the attempts at the tasks of a pass. */
export class Attempts {
  readonly #executions: Executions
  readonly #host: TaskHost
  readonly #handedOver: HandedOver | undefined
  /** The latest attempt, where a lane has it. */
  #laneRun: LaneRun | undefined

  constructor (executions: Executions, host: TaskHost, handedOver: HandedOver | undefined) {
    this.#executions = executions
    this.#host = host
    this.#handedOver = handedOver
  }

  /** Tasks that may still run elsewhere. */
  get away (): Lane | undefined {
    return this.#handedOver?.away
  }

  /** Whether a lane has the latest attempt, and has not begun with it. */
  get isInLane (): boolean {
    return this.#laneRun?.hasBegun === false
  }

  /** Makes attempts until one succeeds or none is left, and rejects with what that one threw. */
  run (entry: Entry): Promise<unknown> {
    return this.#executions.haveQueue && this.#handedOver?.hasBegun(entry) !== true ? this.#runInTurn(entry) : this.#runHere(entry, this.#executions)
  }

  /** Tasks of this process wait for those before them that workers have; what cannot be stored runs here. */
  async #runInTurn (entry: Entry): Promise<unknown> {
    try {
      await this.#handedOver?.before(entry)
    } catch (error) {
      entry.begin(this.#executions, this.#host) // for it to be told of
      throw error
    }
    if (!entry.isQueuedIn(this.#executions)) return await this.#runHere(entry, this.#executions).finally(() => { this.#handedOver?.wait(entry) })

    try {
      return await this.#attempt(entry, this.#executions)
    } catch (error) {
      if (!isUnavailable(error)) throw error

      this.#host.taskNotStored?.(error, entry.latest as TaskRun)
      return await this.#runHere(entry, this.#executions.here)
    }
  }

  #runHere (entry: Entry, executions: Executions): Promise<unknown> {
    const retries = entry.retriesIn(executions)
    return retries === 0 ? this.#attempt(entry, executions) : this.#persist(entry, executions, retries)
  }

  #attempt (entry: Entry, executions: Executions): Promise<unknown> {
    this.#laneRun = executions === this.#executions ? this.#handedOver?.run(entry) : undefined
    return this.#laneRun === undefined ? entry.run(executions, this.#host) : entry.follow(executions, this.#laneRun)
  }

  async #persist (entry: Entry, executions: Executions, retries: number): Promise<unknown> {
    const retrying = (entry.retrying = new Retrying())
    const { signal } = retrying.patience
    try {
      return await retry(() => this.#attempt(entry, executions), retries, {
        signal: this.#host.signal === undefined ? signal : AbortSignal.any([signal, this.#host.signal]),
        onRetry: (error) => {
          retrying.failures++
          retrying.isWaiting = true
          this.#handedOver?.forget()
          this.#host.taskRetried?.(error, entry.latest as TaskRun)
        }
      })
    } catch (error) {
      this.#handedOver?.forget()
      throw error
    }
  }
}
