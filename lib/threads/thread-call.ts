import type { TaskSource } from '../core/task-registry.js'

/** A call for a thread to make. */
export class ThreadCall {
  readonly source: TaskSource
  readonly args: unknown[]
  /** The longest that it may take, in milliseconds. */
  readonly timeout: number | undefined
  /** Whether somebody waits for what it returns. */
  readonly wantsResult: boolean
  readonly promise: Promise<unknown>
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
