import { inspect } from 'node:util'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { BackgroundTask } from './core/background-task.js'
import { isError } from './core/is-error.js'
import { levels, lowestLevel } from './core/task-logger.js'
import type { TaskRun } from './core/task-run.js'
import type { TaskReporter } from './core/tracked-collection.js'
import type { BackgroundTasksOptions } from './options.js'
import type { Metrics } from './telemetry/metrics.js'

/** Who else is told. */
export interface TaskListeners {
  readonly onTaskError: BackgroundTasksOptions['onTaskError']
  readonly metrics?: Metrics | undefined
}

/** Logs what becomes of tasks, counts them, and tells `onTaskError`. Nothing that fails in here reaches a task. */
export class TaskLog implements TaskReporter {
  readonly log: FastifyBaseLogger
  readonly request: FastifyRequest | undefined
  readonly #listeners: TaskListeners

  constructor (log: FastifyBaseLogger, listeners: TaskListeners, request?: FastifyRequest) {
    this.log = log
    this.request = request
    this.#listeners = listeners
  }

  taskCompleted (run: TaskRun): void {
    const { metrics } = this.#listeners
    const isLogged = lowestLevel(this.log) <= levels.debug
    if (metrics === undefined && !isLogged) return

    run.ended()
    const isStored = run.executionName === 'queue'
    metrics?.taskEnded(run, isStored ? 'stored' : 'completed')
    if (isLogged) this.#write('debug', fieldsOf(run), isStored ? 'background task stored on the queue' : 'background task completed')
  }

  taskRetried (error: unknown, run: TaskRun): void {
    run.ended()
    this.#write('warn', { err: toError(error), ...fieldsOf(run) }, 'background task failed, and is tried again')
  }

  taskNotStored (error: unknown, { name, id }: TaskRun): void {
    this.#write('warn', { err: toError(error), task: name, taskId: id }, 'background task runs in this process, as it cannot be stored on the queue')
  }

  taskFailed (error: unknown, run: TaskRun, task: BackgroundTask, skipped: BackgroundTask[]): void {
    run.ended()
    this.#listeners.metrics?.taskEnded(run, 'failed')
    this.#write('error', {
      err: toError(error),
      ...fieldsOf(run),
      ...(skipped.length > 0 && { skipped: skipped.map(({ name }) => name) })
    }, 'background task failed')

    this.#tell(error, task).catch((err: unknown) => {
      this.#write('error', { err: toError(err), task: task.name }, 'onTaskError failed')
    })
  }

  taskUnfinished (task: BackgroundTask, state: 'waiting' | 'running'): void {
    this.#write(
      'error',
      { task: task.name, execution: task.execution, state },
      'background task unfinished: closeTimeout has passed'
    )
  }

  /** Async for its errors alone: nothing keeps an async function, or one that throws, out of the option. */
  async #tell (error: unknown, task: BackgroundTask): Promise<void> {
    await this.#listeners.onTaskError?.(error, task, this.request)
  }

  /** A logger's serializers are users' code, and so are the getters of what is logged: any of them may throw. */
  #write (level: 'debug' | 'warn' | 'error', fields: object, message: string): void {
    try {
      this.log[level](fields, message)
    } catch {
      try {
        this.log[level]({ ...fields, err: new Error('The error cannot be logged: a getter or serializer throws') }, message)
      } catch {}
    }
  }
}

/** What log lines tell of an attempt. */
function fieldsOf (run: TaskRun): object {
  return {
    task: run.name,
    taskId: run.id,
    execution: run.executionName,
    attempt: run.attempt,
    durationMs: rounded(run.duration),
    waitMs: rounded(run.waited)
  }
}

/** Microseconds are enough. */
function rounded (ms: number | undefined): number | undefined {
  return ms && Math.round(ms * 1e3) / 1e3
}

/** What is thrown need be no error, but what is logged as `err` must be one to be seen at all. */
function toError (thrown: unknown): Error {
  if (isError(thrown)) return thrown
  return new Error(`Thrown, though it is no error: ${show(thrown)}`)
}

function show (thrown: unknown): string {
  try {
    return inspect(thrown, { depth: 1, maxStringLength: 200 })
  } catch {
    return 'it cannot be shown'
  }
}
