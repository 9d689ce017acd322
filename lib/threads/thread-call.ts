import type { LaneRun } from '../core/executions/execution.js'
import type { TaskSource } from '../core/task-registry.js'
import { Status, type Progress } from './progress.js'

/** A call for a thread to make. */
export class ThreadCall implements LaneRun {
  readonly source: TaskSource
  readonly args: unknown[]
  /** The longest that it may take, in milliseconds. */
  readonly timeout: number | undefined
  /** Whether somebody waits for what it returns. */
  readonly wantsResult: boolean
  readonly promise: Promise<unknown>
  /** Where its thread tells how far it has come, while a thread has it. */
  place: { readonly progress: Progress, readonly index: number } | undefined
  /** How often its batch could not be begun. */
  failedStarts = 0
  /** How often its thread has ended while it loaded the call's module. */
  failedLoads = 0
  isSettled = false
  hasFailed = false
  #resolve!: (result: unknown) => void
  #reject!: (error: unknown) => void

  constructor (source: TaskSource, args: unknown[], timeout: number | undefined, wantsResult: boolean) {
    this.source = source
    this.args = args
    this.timeout = timeout
    this.wantsResult = wantsResult
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  get hasBegun (): boolean {
    return this.isSettled || (this.place !== undefined && this.place.progress.status(this.place.index) !== Status.waiting)
  }

  resolve (result: unknown): void {
    this.isSettled = true
    this.#resolve(result)
  }

  reject (error: unknown): void {
    this.isSettled = true
    this.hasFailed = true
    this.#reject(error)
  }
}
