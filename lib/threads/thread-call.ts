import type { LaneRun } from '../core/executions/execution.js'
import { handled } from '../core/handled.js'
import { sourceOf, type TaskSource } from '../core/task-registry.js'
import type { TaskRun } from '../core/task-run.js'
import { Stop, Status, toPerformanceTime, type Progress, type StopReason } from './progress.js'

/** A call for a thread to make. */
export class ThreadCall implements LaneRun {
  readonly run: TaskRun
  readonly source: TaskSource
  /** Whether those behind it in its lane do not run when it fails. */
  readonly stops: boolean
  /** Whether somebody waits for what it returns. */
  readonly wantsResult: boolean
  readonly promise: Promise<unknown>
  /** Where its thread tells how far it has come, while a thread has it. */
  place: { readonly progress: Progress, readonly index: number } | undefined
  /** How often its batch could not be begun. */
  failedStarts = 0
  /** How often its thread has ended while it loaded the call's module. */
  failedLoads = 0
  /** Whether its task has been told that the app closes, and listens. */
  isLeaving = false
  isSettled = false
  hasFailed = false
  #resolve!: (result: unknown) => void
  #reject!: (error: unknown) => void

  constructor (run: TaskRun, stops: boolean, wantsResult: boolean) {
    this.run = run
    this.source = sourceOf(run.work.func) as TaskSource
    this.stops = stops
    this.wantsResult = wantsResult
    this.promise = handled(new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    }))
    run.onAbort = () => { this.isLeaving = this.askToStop(Stop.closing) }
  }

  get name (): string {
    return this.run.name
  }

  get args (): unknown[] {
    return this.run.work.args
  }

  get hasBegun (): boolean {
    return this.isSettled || (this.place !== undefined && this.place.progress.status(this.place.index) !== Status.waiting)
  }

  /** Has its task's signal aborted in its thread. Says whether the task has asked for it. */
  askToStop (reason: StopReason): boolean {
    return this.place?.progress.askToStop(this.place.index, reason) === true
  }

  resolve (result: unknown): void {
    this.#settle()
    this.#resolve(result)
  }

  reject (error: unknown): void {
    this.#settle()
    this.hasFailed = true
    this.#reject(error)
  }

  /** From now on its place may be another's. */
  #settle (): void {
    const place = this.hasBegun ? this.place : undefined
    this.isSettled = true
    if (place === undefined) return

    const { progress, index } = place
    this.run.startedAt = toPerformanceTime(progress.start(index))
    this.run.duration = progress.hasEnded(index) ? progress.duration(index) : progress.elapsed(index)
  }
}
