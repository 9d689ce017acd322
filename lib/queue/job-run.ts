import { Attempt } from '../core/attempt.js'
import { codeOf, FST_BGT_UNKNOWN_TASK, FST_BGT_WORKER, messageOf } from '../core/errors.js'
import type { OpenCollection, Owner } from '../core/owner.js'
import type { TaskFunction } from '../core/task-function.js'
import { guardedLogger, type TaskLogger } from '../core/task-logger.js'
import { optionsOf } from '../core/task-options.js'
import { Task } from '../core/task.js'
import { type ActiveJob, type Ending, type JobData, type JobProgress, parseProgress, type StoredTask } from './job.js'
import { safeText } from './safe-text.js'

/** The fewest recorded starts without an end after which a task counts as the one that ends its workers. */
const fewestStarts = 3
/** How long a job that may end its worker waits for its turn, in milliseconds. */
const suspectDelay = 1_000
/** For how long workers may not know a task, and how long they wait between two looks, in milliseconds: a deploy takes its time. */
const longestUnknown = 3_600_000
const [firstUnknownDelay, longestUnknownDelay] = [1_000, 60_000]
/** How long a retry waits at most, in milliseconds. */
const longestBackoff = 3_600_000
/** What is recorded of failures: so many reasons, each so long. */
const [mostReasons, longestReason] = [20, 200]

/** A job, for whoever creates the owner of its tasks. */
export interface JobInfo {
  readonly id: string
  /** The queue's name. */
  readonly queue: string
  /** The id of the request whose tasks they are. */
  readonly reqId: string | undefined
  /** Aborts when its tasks should stop: another worker has the job, or shutdown has taken too long. */
  readonly signal: AbortSignal
}

/** What running jobs needs. */
export interface RunnerOptions {
  /** The functions of the task modules, by name. */
  readonly functions: ReadonlyMap<string, TaskFunction>
  /** Whose tasks those of a job are, and who is told the outcome of each. */
  readonly createOwner: (job: JobInfo) => Owner
  readonly log: TaskLogger
  /** Called when a job is taken over from a worker that has lost it. */
  readonly tookOver?: ((jobId: string) => void) | undefined
  /** Told for how long the event loop was blocked, in milliseconds, and which async functions may have done it. */
  readonly blocked?: ((functions: TaskFunction[], duration: number) => void) | undefined
}

/** The worker, as a run sees it. */
export interface Runner {
  readonly options: RunnerOptions
  make (attempt: Attempt<Owner>): Promise<void>
  /** Whether a task that may end this process is running: one at a time, so that its neighbors are not taken for it. */
  isSuspectRunning: boolean
}

/**
 * One run of a job by this worker: from the task at which it stands to its end, or until it is given back. The owner of its
 * tasks sees it as a collection that holds the task whose turn it is.
 */
export class JobRun implements OpenCollection {
  index = -1
  readonly #runner: Runner
  readonly #job: ActiveJob
  readonly #data: JobData
  readonly #owner: Owner
  readonly #log: TaskLogger | undefined
  readonly #progress: JobProgress
  #attempt: Attempt<Owner> | undefined
  #isAbandoned = false

  constructor (runner: Runner, job: ActiveJob, data: JobData) {
    const { id, queue, signal } = job
    this.#runner = runner
    this.#job = job
    this.#data = data
    this.#owner = runner.options.createOwner({ id, queue, reqId: data.reqId, signal })
    this.#log = this.#owner.log && guardedLogger(this.#owner.log)
    this.#progress = parseProgress(job.progress, data)
  }

  get running (): number {
    return this.#attempt?.isRunning === true ? 1 : 0
  }

  /** Runs the tasks, in order. */
  async run (): Promise<Ending> {
    this.#owner.opened?.(this)
    try {
      return await this.#runTasks()
    } finally {
      if (!this.#isAbandoned) this.#owner.closed?.(this)
    }
  }

  /** Shutdown has taken too long. The task that is running is told to stop; what is left is for another worker, or lost. */
  abandon (reason: unknown): void {
    if (this.#isAbandoned) return

    this.#isAbandoned = true
    const attempt = this.#attempt
    const isRunning = attempt?.isRunning === true
    this.#job.abandon(reason)
    if (!this.#job.isDurable) this.#reportUnfinished(isRunning ? attempt : undefined)
    else if (attempt !== undefined) {
      this.#log?.warn({ task: attempt.task.name, taskId: attempt.task.id }, `background task "${attempt.task.name}" unfinished: another worker will take over its job`)
      this.#owner.discarded?.([attempt.task])
    }
    if (this.index !== -1) this.#owner.closed?.(this)
  }

  #reportUnfinished (running: Attempt<Owner> | undefined): void {
    for (const stored of this.#data.tasks.slice(this.#progress.position)) {
      const isAdded = stored.id === this.#attempt?.task.id
      const task = isAdded ? (this.#attempt as Attempt).task : this.#taskOf(stored)
      if (!isAdded) this.#owner.added?.(task)
      this.#owner.unfinished?.(task, isAdded ? running : undefined)
    }
  }

  async #runTasks (): Promise<Ending> {
    const { tasks } = this.#data
    const progress = this.#progress
    this.#lookBack()
    while (progress.position < tasks.length) {
      if (progress.only?.includes(progress.position) === false) {
        progress.position++
        continue
      }
      if (!await this.#job.confirm()) return { type: 'lost' }

      const ending = await this.#runTask(tasks[progress.position] as StoredTask)
      if (ending !== undefined) return ending
    }
    return progress.failed.length === 0 ? { type: 'completed' } : { type: 'failed', reason: this.#summary }
  }

  /** Takes note of what happened to the job since the last record. */
  #lookBack (): void {
    const { losses, ends } = this.#job
    const progress = this.#progress
    const isOver = progress.position >= this.#data.tasks.length
    if (ends !== progress.ends || (isOver && losses === progress.losses)) this.#startOver()
    if (losses > progress.losses) this.#tookOver()
    progress.losses = losses
    progress.ends = ends
  }

  #tookOver (): void {
    const { log, tookOver } = this.#runner.options
    const { id, queue, losses } = this.#job
    log.warn({ job: id, queue, losses }, 'a job is taken over: its worker died, or did not renew its lock in time')
    tookOver?.(id)
  }

  /** It had ended, and is retried by hand: what failed runs again, with what was skipped because of it. */
  #startOver (): void {
    const progress = this.#progress
    const failed = progress.failed.splice(0).map(([position]) => position)
    progress.position = failed[0] ?? 0
    progress.failures = progress.starts = 0
    progress.only = failed.length > 0 && this.#data.onError === 'continue' ? failed : undefined
  }

  /** Tries the task that is next. Returns the job's ending unless the job goes on. */
  async #runTask (stored: StoredTask): Promise<Ending | undefined> {
    const progress = this.#progress
    const func = this.#runner.options.functions.get(stored.name)
    if (func === undefined) return await this.#runUnknown(stored)

    progress.unknownSince = undefined
    if (progress.starts >= Math.max(stored.attempts, fewestStarts)) return await this.#fail(new FST_BGT_WORKER(stored.name, progress.starts), this.#begin(stored, func))

    if (progress.starts === 0) return await this.#tryTask(stored, func)
    if (this.#runner.isSuspectRunning) return await this.#giveBack(suspectDelay)

    this.#runner.isSuspectRunning = true
    try {
      return await this.#tryTask(stored, func)
    } finally {
      this.#runner.isSuspectRunning = false
    }
  }

  async #tryTask (stored: StoredTask, func: TaskFunction): Promise<Ending | undefined> {
    const progress = this.#progress
    if (this.#job.losses > 0) { // one of its tasks may have been the reason
      progress.starts++
      if (!await this.#job.record(progress)) return { type: 'lost' }
    }

    const attempt = this.#begin(stored, func)
    try {
      await this.#runner.make(attempt)
    } catch (error) {
      return await this.#failed(error, attempt, stored)
    }
    if (this.#isAbandoned) return { type: 'lost' }

    this.#attempt = undefined
    this.#owner.completed?.(attempt)
    return await this.#goOn()
  }

  async #failed (error: unknown, attempt: Attempt<Owner>, stored: StoredTask): Promise<Ending | undefined> {
    const progress = this.#progress
    if (this.#isAbandoned) return { type: 'lost' }
    if (this.#job.signal.aborted) {
      this.#retried(error, attempt) // by the worker that has the job now
      return { type: 'lost' }
    }

    const isWorthwhile = codeOf(error) !== 'FST_BGT_ARGUMENT' // it will not be cloned the next time
    if (!isWorthwhile || progress.failures + 1 >= stored.attempts) return await this.#fail(error, attempt)

    progress.failures++
    progress.starts = 0
    this.#retried(error, attempt)
    const { backoff = 1_000 } = this.#data
    return await this.#giveBack(Math.min(backoff * 2 ** (progress.failures - 1) * (1 + Math.random() / 2), longestBackoff))
  }

  #retried (error: unknown, attempt: Attempt<Owner>): void {
    this.#attempt = undefined
    this.#owner.retried?.(error, attempt)
    this.#owner.discarded?.([attempt.task]) // it is held here no more
  }

  /** The task has failed permanently. */
  async #fail (error: unknown, attempt: Attempt<Owner>): Promise<Ending | undefined> {
    const progress = this.#progress
    const { tasks, onError } = this.#data
    const { position, failed } = progress
    failed.push([position, failed.length < mostReasons ? safeText(messageOf(error), longestReason) : ''])
    const skipped = onError === 'stop' ? tasks.slice(position + 1) : []
    this.#attempt = undefined
    this.#owner.failed?.(error, attempt, skipped.map((task) => this.#taskOf(task)))
    return await this.#goOn(skipped.length)
  }

  /** The task has ended. */
  async #goOn (skipped = 0): Promise<Ending | undefined> {
    const progress = this.#progress
    const isSuspect = progress.starts > 0
    progress.position += 1 + skipped
    progress.failures = progress.starts = 0
    // The end of a job says as much. A suspect's neighbors wait until the server knows that it has ended.
    const isEnd = progress.position >= this.#data.tasks.length && progress.failed.length === 0 && !isSuspect
    if (!isEnd && !await this.#job.record(progress)) return { type: 'lost' }
  }

  /** No function of that name is here: the worker is older, or newer, than the server that stored the job. */
  async #runUnknown (stored: StoredTask): Promise<Ending | undefined> {
    const progress = this.#progress
    const since = (progress.unknownSince ??= Date.now())
    const elapsed = Math.max(Date.now() - since, 0)
    const error = new FST_BGT_UNKNOWN_TASK(stored.name)
    if (elapsed >= longestUnknown) {
      progress.unknownSince = undefined
      return await this.#fail(error, this.#begin(stored, async () => { throw error }))
    }

    const delay = Math.min(Math.max(elapsed, firstUnknownDelay), longestUnknownDelay)
    this.#log?.warn({ err: error, task: stored.name, taskId: stored.id, delay }, `this worker has no task "${stored.name}": its job goes back to the queue, for a worker that has it`)
    return await this.#giveBack(delay)
  }

  /** Records how far the job is, and lets it come back after some milliseconds. */
  async #giveBack (delay: number): Promise<Ending> {
    return await this.#job.record(this.#progress) ? { type: 'delayed', delay } : { type: 'lost' }
  }

  #begin (stored: StoredTask, func: TaskFunction): Attempt<Owner> {
    const task = this.#taskOf(stored, func)
    const { executions } = this.#owner
    task.addedAt -= Math.max(Date.now() - this.#job.storedAt, 0) // the clocks of two machines may differ
    task.failures = this.#progress.failures
    this.#owner.added?.(task)
    const attempt = new Attempt(task, this.#owner, executions.of(func).name, task.failures + 1, optionsOf(func).timeout ?? stored.timeout ?? executions.options.timeout)
    this.#attempt = attempt
    return attempt
  }

  #taskOf ({ id, name, args }: StoredTask, func = this.#runner.options.functions.get(name)): Task {
    const isKnown = func !== undefined && this.#runner.options.functions.has(name)
    return new Task(func ?? (() => {}), args, isKnown ? undefined : name, id)
  }

  get #summary (): string {
    const { tasks } = this.#data
    const { failed } = this.#progress
    const reasons = failed.slice(0, mostReasons).map(([position, reason]) => `"${tasks[position]?.name}" (${tasks[position]?.id}): ${reason}`)
    return safeText(`${failed.length} of ${tasks.length} background tasks failed: ${reasons.join('; ')}`, 2_000)
  }
}
