import { tracingChannel } from 'node:diagnostics_channel'
import type { Attempt, ExecutionName } from './attempt.js'

/** What subscribers of `tracingChannel('fastify-background-tasks.task')` get for each attempt at a task. */
export interface TaskTrace {
  readonly id: string
  readonly name: string
  readonly execution: ExecutionName
  /** From 1. */
  readonly attempt: number
  /** The request whose task it is; `undefined` for a task of none. */
  readonly request: unknown
  /** What the task has thrown, at `error`. */
  error?: unknown
  /** What it has returned, at `asyncStart` and `asyncEnd`; in a worker thread only if somebody awaits it. */
  result?: unknown
}

const channel = tracingChannel<unknown, TaskTrace>('fastify-background-tasks.task')

/** Whether anybody subscribes to the channel. Then neighbors run one at a time, so that each is traced. */
export function isTraced (): boolean {
  return channel.hasSubscribers
}

/** Publishes an attempt on the channel, in the async context of its task. What subscribers bind to that reaches the task. */
export function trace (attempt: Attempt, run: () => Promise<unknown>): Promise<unknown> {
  const { task, execution, number, owner: { request } } = attempt
  const { id, name } = task
  return task.runInAsyncScope(() => channel.tracePromise(() => {
    attempt.adoptContext()
    return run()
  }, { id, name, execution, attempt: number, request }))
}
