import type { Attempt } from '../core/attempt.js'
import { FST_BGT_ARGUMENT, FST_BGT_TASK_MODULE, FST_BGT_THREAD, messageOf } from '../core/errors.js'
import { sourceOf, type TaskSource } from '../core/task-registry.js'
import { type Failure, findUnclonable, fromErrorData } from './messages.js'
import { Status, type CallStatus } from './progress.js'

// The errors with which tasks fail in threads, other than what they throw.

/** @param value what cannot be cloned, and where it was found */
export function unclonable (task: string, value: string, problem: string): Error {
  return new FST_BGT_ARGUMENT(task, 'in a worker thread', `${value} cannot be cloned: it is ${problem}`)
}

/** One of the arguments cannot be cloned. */
export function unclonableArgument ({ task }: Attempt): Error {
  const { path, problem } = findUnclonable(task.args)
  return unclonable(task.name, argumentAt(Number(/^\[(\d+)/.exec(path)?.[1]), path), problem)
}

/** @param path from the array of arguments */
export function argumentAt (index: number, path = `[${index}]`): string {
  return `its argument ${index + 1} (args${path})`
}

/** A failure that the thread has reported. */
export function failureOf (attempt: Attempt, failure: Failure): unknown {
  if (failure.of === 'result') return unclonable(attempt.task.name, `its result${failure.path && ` (${failure.path})`}`, failure.problem)

  const error = fromErrorData(failure.error)
  if (failure.of === 'thrown') return error
  return new FST_BGT_TASK_MODULE(moduleOf(attempt), `it cannot be loaded in a worker thread: ${messageOf(error)}`, { cause: error })
}

/** The message with its result or error has not arrived: the main thread has less stack to read it. */
export function unreadable ({ task }: Attempt): Error {
  return unclonable(task.name, 'its result or error', 'nested too deep to be read')
}

const advice = 'Keep process.exit() out of tasks, catch what their callbacks throw, and raise the option "threads.resourceLimits" if memory has run out'

/** The thread has ended. */
export function crashOf (attempt: Attempt, status: CallStatus, cause: unknown): Error {
  if (status !== Status.loading) return new FST_BGT_THREAD(attempt.task.name, `ended while it was running: ${messageOf(cause)}. ${advice}`, { cause })
  return new FST_BGT_TASK_MODULE(moduleOf(attempt), `its worker thread ended while it was loading: ${messageOf(cause)}`, { cause })
}

/** @param limit in milliseconds */
export function slowToLoad (attempt: Attempt, limit: number): Error {
  return new FST_BGT_TASK_MODULE(moduleOf(attempt), `it has not finished loading in a worker thread after ${limit / 1e3} s`)
}

export function failedToStart ({ task }: Attempt, cause: unknown): Error {
  return new FST_BGT_THREAD(task.name, `cannot be started: ${messageOf(cause)}`, { cause })
}

/** The threads are closed. */
export function stopped ({ task }: Attempt): Error {
  return new FST_BGT_THREAD(task.name, 'was stopped, because the app has closed')
}

function moduleOf ({ task }: Attempt): string {
  return (sourceOf(task.func) as TaskSource).module
}
