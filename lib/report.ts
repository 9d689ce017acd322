import { inspect, types } from 'node:util'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { TaskReporter } from './core/tracked-tasks.js'
import type { BackgroundTasksOptions } from './options.js'

/** Logs what becomes of tasks, and tells `onTaskError`. Nothing that fails in here reaches a task. */
export function reportTo (
  log: FastifyBaseLogger,
  onTaskError: BackgroundTasksOptions['onTaskError'],
  request?: FastifyRequest
): TaskReporter {
  return {
    taskFailed (error, task, skipped) {
      safely(() => log.error({
        err: toError(error),
        task: task.name,
        execution: task.execution,
        ...(skipped.length > 0 && { skipped: skipped.map(({ name }) => name) })
      }, 'background task failed'))

      if (onTaskError === undefined) return
      const onTaskErrorFailed = (err: unknown) => {
        safely(() => log.error({ err: toError(err), task: task.name }, 'onTaskError failed'))
      }
      try {
        // Typed to return nothing, yet nothing keeps an async function out.
        Promise.resolve(onTaskError(error, task, request)).catch(onTaskErrorFailed)
      } catch (err) {
        onTaskErrorFailed(err)
      }
    },

    taskUnfinished (task, state) {
      safely(() => log.error(
        { task: task.name, execution: task.execution, state },
        'background task unfinished: closeTimeout has passed'
      ))
    }
  }
}

/** What is thrown need be no error, but what is logged as `err` must be one to be seen at all. */
function toError (thrown: unknown): Error {
  if (types.isNativeError(thrown) || thrown instanceof Error) return thrown
  return new Error(`Thrown, though it is no error: ${inspect(thrown, { depth: 1, maxStringLength: 200 })}`)
}

/** A logger's serializers are users' code, and so are the getters of what is logged. */
function safely (log: () => void): void {
  try {
    log()
  } catch {
    // There is no other place to say it.
  }
}
