import { inspect } from 'node:util'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { BackgroundTask } from './core/background-task.js'
import { isError } from './core/is-error.js'
import type { TaskReporter } from './core/tracked-collection.js'
import type { BackgroundTasksOptions } from './options.js'

/** Logs what becomes of tasks, and tells `onTaskError`. Nothing that fails in here reaches a task. */
export class TaskLog implements TaskReporter {
  readonly #log: FastifyBaseLogger
  readonly #onTaskError: BackgroundTasksOptions['onTaskError']
  readonly #request: FastifyRequest | undefined

  constructor (log: FastifyBaseLogger, onTaskError: BackgroundTasksOptions['onTaskError'], request?: FastifyRequest) {
    this.#log = log
    this.#onTaskError = onTaskError
    this.#request = request
  }

  taskFailed (error: unknown, task: BackgroundTask, skipped: BackgroundTask[]): void {
    this.#error({
      err: toError(error),
      task: task.name,
      execution: task.execution,
      ...(skipped.length > 0 && { skipped: skipped.map(({ name }) => name) })
    }, 'background task failed')

    this.#tell(error, task).catch((err: unknown) => {
      this.#error({ err: toError(err), task: task.name }, 'onTaskError failed')
    })
  }

  taskUnfinished (task: BackgroundTask, state: 'waiting' | 'running'): void {
    this.#error(
      { task: task.name, execution: task.execution, state },
      'background task unfinished: closeTimeout has passed'
    )
  }

  /** Async for its errors alone: nothing keeps an async function, or one that throws, out of the option. */
  async #tell (error: unknown, task: BackgroundTask): Promise<void> {
    await this.#onTaskError?.(error, task, this.#request)
  }

  /** A logger's serializers are users' code, and so are the getters of what is logged: any of them may throw. */
  #error (fields: object, message: string): void {
    for (const attempt of [fields, { ...fields, err: new Error('The error cannot be logged: a getter or serializer throws') }]) {
      try {
        return this.#log.error(attempt, message)
      } catch {}
    }
  }
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
