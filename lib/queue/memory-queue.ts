import { AsyncResource } from 'node:async_hooks'
import { clearTimeout, setImmediate, setTimeout } from '../core/timers.js'
import type { ActiveJob, Ending, JobProgress, JobTarget, NewJob } from './job.js'
import type { RunnerOptions } from './job-run.js'
import { JobRunner } from './job-runner.js'

/** A queue in this process, for tests and development: its jobs keep the rules of those on a server. */
export class MemoryQueue implements JobTarget {
  readonly isAway = false
  readonly #concurrency: number
  /** Jobs run in no request's async context. */
  readonly #context = new AsyncResource('MemoryQueue')
  #runner: JobRunner | undefined
  readonly #waiting: MemoryJob[] = []
  /** Jobs that come back, with their timers. */
  readonly #delayed = new Map<MemoryJob, NodeJS.Timeout>()
  readonly #active = new Set<MemoryJob>()
  #waiters: Array<() => void> = []
  #isAbandoned = false

  /** @param concurrency how many jobs run concurrently */
  constructor (concurrency: number) {
    this.#concurrency = concurrency
  }

  /** Begins to run jobs. */
  start (options: RunnerOptions): void {
    this.#context.runInAsyncScope(() => {
      this.#runner = new JobRunner(options)
      this.#go()
    })
  }

  async store ({ id, data }: NewJob): Promise<void> {
    this.#waiting.push(new MemoryJob(id, JSON.stringify(data)))
    this.#context.runInAsyncScope(setImmediate, undefined, () => { this.#go() })
  }

  withdraw (id: string): void {
    const index = this.#waiting.findIndex((job) => job.id === id)
    if (index !== -1) this.#waiting.splice(index, 1)
    this.#announce()
  }

  /** Resolves when no job is left. */
  async idle (): Promise<void> {
    while (this.#waiting.length + this.#delayed.size + this.#active.size > 0) await new Promise<void>((resolve) => { this.#waiters.push(resolve) })
  }

  /** Tells the tasks that are running to stop, and gives up the jobs. */
  abandon (): void {
    if (this.#isAbandoned) return

    this.#isAbandoned = true
    this.#runner?.abandon([...this.#delayed.keys(), ...this.#waiting])
    for (const timer of this.#delayed.values()) clearTimeout(timer)
    this.#waiting.length = 0
    this.#delayed.clear()
    this.#active.clear()
    this.#announce()
  }

  #go (): void {
    if (this.#runner === undefined || this.#isAbandoned) return

    for (const job of this.#waiting.splice(0, this.#concurrency - this.#active.size)) {
      this.#active.add(job)
      this.#runner.run(job).then((ending) => { this.#ended(job, ending) })
    }
  }

  #ended (job: MemoryJob, ending: Ending): void {
    if (!this.#active.delete(job)) return

    if (ending.type === 'delayed') {
      this.#delayed.set(job, setTimeout(() => {
        this.#delayed.delete(job)
        this.#waiting.push(job)
        this.#go()
      }, ending.delay))
    }
    this.#announce()
    this.#go()
  }

  #announce (): void {
    for (const wake of this.#waiters.splice(0)) wake()
  }
}

/** A job in memory, as JSON, as a server would have it. */
class MemoryJob implements ActiveJob {
  readonly id: string
  readonly queue = 'memory:'
  readonly isDurable = false
  readonly storedAt = Date.now()
  readonly losses = 0
  readonly ends = 0
  readonly #json: string
  readonly #controller = new AbortController()
  #progress: JobProgress | undefined

  constructor (id: string, json: string) {
    this.id = id
    this.#json = json
  }

  get data (): unknown { return JSON.parse(this.#json) }
  get progress (): unknown { return this.#progress }
  get signal (): AbortSignal { return this.#controller.signal }

  async confirm (): Promise<boolean> {
    return !this.signal.aborted
  }

  async record (progress: JobProgress): Promise<boolean> {
    this.#progress = structuredClone(progress)
    return !this.signal.aborted
  }

  abandon (reason: unknown): void {
    this.#controller.abort(reason)
  }
}
