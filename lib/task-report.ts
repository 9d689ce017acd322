import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import { inspect } from 'node:util'
import { Attempt } from './core/attempt.js'
import { frontOf } from './core/background-task.js'
import { FST_BGT_UNFINISHED, isError, messageOf } from './core/errors.js'
import type { Executions } from './core/executions.js'
import type { OpenCollection, Owner, TaskStore } from './core/owner.js'
import type { Turns } from './core/slots.js'
import { guarded, levels, lowestLevel } from './core/task-logger.js'
import type { TaskTracker } from './core/task-tracker.js'
import { Task } from './core/task.js'
import { now } from './core/timers.js'
import type { BackgroundTasksOptions } from './options.js'
import type { Metrics } from './telemetry/metrics.js'

/** What the tasks of an app share. */
export interface Shared {
  readonly tracker: TaskTracker
  readonly executions: Executions
  readonly turns: Turns
  readonly store?: TaskStore | undefined
  readonly metrics?: Metrics | undefined
  readonly onTaskError: BackgroundTasksOptions['onTaskError']
  /** In milliseconds. */
  readonly closeTimeout: number
  /** The level at which completed tasks are logged; `debug` by default. */
  readonly completedLevel?: 'debug' | 'info' | undefined
}

/** The most characters of an error's message that a log line's message repeats. */
const longestReason = 200

/**
 * Owns the tasks of a request, of an app, or of a job: counts them, logs their outcomes, and calls `onTaskError`, all in the
 * async context of the task. Nothing that fails in here reaches a task, another request or the process.
 */
export class TaskReport implements Owner {
  readonly log: FastifyBaseLogger
  readonly request: FastifyRequest | undefined
  /** Aborts when its tasks should stop. */
  readonly signal: AbortSignal | undefined
  readonly #shared: Shared

  constructor (shared: Shared, log: FastifyBaseLogger, request?: FastifyRequest, signal?: AbortSignal) {
    this.#shared = shared
    this.log = log
    this.request = request
    this.signal = signal
  }

  get executions (): Executions { return this.#shared.executions }
  get turns (): Turns { return this.#shared.turns }
  get store (): TaskStore | undefined { return this.#shared.store }

  admit (task: Task): void {
    this.#shared.tracker.admit(task)
  }

  opened (collection: OpenCollection): void {
    this.#shared.tracker.opened(collection)
  }

  closed (collection: OpenCollection): void {
    this.#shared.tracker.closed(collection)
  }

  added (): void {
    this.#shared.tracker.unfinished++
  }

  completed (attempt: Attempt): void {
    const { tracker, metrics, completedLevel = 'debug' } = this.#shared
    tracker.completed++
    tracker.ended(1)
    metrics?.taskEnded(attempt, 'completed')
    if (lowestLevel(this.log) <= levels[completedLevel]) this.#write(attempt, completedLevel, {}, `background task "${attempt.task.name}" completed`)
  }

  stored (tasks: readonly Task[]): void {
    const { tracker, metrics } = this.#shared
    tracker.completed += tasks.length
    tracker.ended(tasks.length)
    const isLogged = lowestLevel(this.log) <= levels.debug
    if (metrics === undefined && !isLogged) return

    for (const task of tasks) {
      const attempt = new Attempt(task, this, 'queue', 1, undefined)
      attempt.ended()
      metrics?.taskEnded(attempt, 'stored')
      if (isLogged) this.#write(attempt, 'debug', {}, `background task "${task.name}" stored on the queue`)
    }
  }

  retried (error: unknown, attempt: Attempt): void {
    this.#write(attempt, 'warn', { err: toError(error) }, `background task "${attempt.task.name}" failed and will be retried: ${reasonOf(error)}`)
  }

  failed (error: unknown, attempt: Attempt, skipped: Task[] = []): void {
    const { tracker } = this.#shared
    tracker.failed++
    this.#reportFailure(error, attempt, skipped)
    tracker.ended(1)
  }

  unfinished (task: Task, running: Attempt | undefined): void {
    const { tracker, executions } = this.#shared
    const attempt = running ?? new Attempt(task, this, this.store?.takes(task.func) === true ? 'queue' : executions.of(task.func).name, task.failures + 1, undefined)
    this.#reportUnfinished(attempt, running === undefined ? 'waiting' : 'running')
    tracker.ended(1)
  }

  discarded (tasks: Task[]): void {
    this.#shared.tracker.ended(tasks.length)
  }

  watch (promise: PromiseLike<unknown>): void {
    const { tracker, metrics } = this.#shared
    const attempt = new Attempt(new Task(waitUntil, [], 'waitUntil'), this, 'await', 1, undefined)
    attempt.startedAt = now()
    const ended = tracker.watch(() => { this.#reportUnfinished(attempt, 'running') })
    // Another promise calls its then(), which may be users' code that throws, or returns nothing.
    new Promise((resolve) => { resolve(promise) }).then(() => {
      attempt.ended()
      if (!ended()) return
      tracker.completed++
      metrics?.taskEnded(attempt, 'completed')
    }, (error: unknown) => {
      attempt.ended()
      if (!ended()) return this.#logFailure(error, attempt) // it was counted when the app closed without it
      tracker.failed++
      this.#reportFailure(error, attempt, [])
    })
  }

  /** Names the tasks that will not run, as the response has not succeeded. */
  discardedByResponse (tasks: Task[]): void {
    if (tasks.length === 0) return
    guarded(() => { this.log.debug({ tasks: tasks.map(({ name }) => name) }, 'background tasks discarded: the response was not successful, and runOn is "success"') })
  }

  #reportUnfinished (attempt: Attempt, state: 'waiting' | 'running'): void {
    attempt.ended()
    this.#shared.tracker.failed++
    this.#reportFailure(new FST_BGT_UNFINISHED(attempt.task.name, state, this.#shared.closeTimeout), attempt, [], { state })
  }

  #logFailure (error: unknown, attempt: Attempt, more: object = {}): void {
    this.#write(attempt, 'error', { err: toError(error), ...more }, `background task "${attempt.task.name}" failed: ${reasonOf(error)}`)
  }

  #reportFailure (error: unknown, attempt: Attempt, skipped: Task[], more: object = {}): void {
    this.#shared.metrics?.taskEnded(attempt, 'failed')
    this.#logFailure(error, attempt, { ...more, ...(skipped.length > 0 && { skipped: skipped.map(({ name }) => name) }) })

    const { onTaskError } = this.#shared
    if (onTaskError === undefined) return

    // Async for its errors alone: nothing keeps an async function, or one that throws, out of the option.
    const call = async (): Promise<void> => { await onTaskError(error, frontOf(attempt.task, this), this.request) }
    attempt.inContext(call).catch((err: unknown) => {
      this.#write(attempt, 'error', { err: toError(err) }, `onTaskError failed for background task "${attempt.task.name}": ${reasonOf(err)}`)
    })
  }

  /** Serializers, mixins and getters of what is logged are users' code, and may throw. */
  #write (attempt: Attempt, level: 'debug' | 'info' | 'warn' | 'error', fields: object, message: string): void {
    const { task: { name, id }, execution, number, duration, waited } = attempt
    const line = { ...fields, task: name, taskId: id, execution, attempt: number, durationMs: rounded(duration), waitMs: rounded(waited) }
    attempt.inContext(() => {
      guarded(() => { this.log[level](line, message) }) || guarded(() => {
        this.log[level]({ ...line, err: new Error('The error cannot be logged: a getter or serializer throws') }, message)
      })
    })
  }
}

/** What a watched promise looks like as a task. */
function waitUntil (): void {}

/** Microseconds are enough. */
function rounded (ms: number | undefined): number | undefined {
  return ms && Math.round(ms * 1e3) / 1e3
}

/** The reason in a log line's message: one line, and not too long. */
function reasonOf (thrown: unknown): string {
  const [line = ''] = (isError(thrown) ? messageOf(thrown) : show(thrown)).split('\n', 1)
  return line.length > longestReason ? `${line.slice(0, longestReason)}…` : line
}

/** What is thrown need be no error, but what is logged as `err` must be one to be seen at all. */
function toError (thrown: unknown): Error {
  return isError(thrown) ? thrown : new Error(`Non-error value thrown: ${show(thrown)}`)
}

function show (thrown: unknown): string {
  try {
    return inspect(thrown, { depth: 1, maxStringLength: longestReason })
  } catch {
    return 'it cannot be shown'
  }
}
