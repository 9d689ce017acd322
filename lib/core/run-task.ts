import { tracingChannel } from 'node:diagnostics_channel'
import { Attempt, type ExecutionName } from './attempt.js'
import { codeOf } from './errors.js'
import type { Execution } from './executions.js'
import type { Owner } from './owner.js'
import type { Turns } from './slots.js'
import type { Task } from './task.js'
import { clearTimeout, setTimeout } from './timers.js'

/** How long the first retry waits unless the app says otherwise, and how long any waits at most, in milliseconds. */
const [defaultBackoff, longestBackoff] = [100, 30_000]

/** The next attempt at a task. A collection has no timeout and no retries, each of its tasks does. */
export function nextAttempt (task: Task, owner: Owner): Attempt<Owner> {
  const { executions } = owner
  const timeout = task.ownName === undefined ? executions.timeoutOf(task.func) : undefined
  return new Attempt(task, owner, executions.of(task.func).name, task.failures + 1, timeout)
}

/** Makes an attempt, when it is its turn. Resolves to what its function returned; rejects with what it threw, or throws it. */
export function begin (attempt: Attempt<Owner>): Promise<unknown> {
  const { owner: { turns }, task: { func, ownName } } = attempt
  return turns !== undefined && ownName === undefined && turns.bound(func) ? inTurn(attempt, turns) : run(attempt)
}

// Each closure has a function of its own: one that makes none when nothing asks for it costs a task nothing.

function inTurn (attempt: Attempt<Owner>, turns: Turns): Promise<unknown> {
  return turns.run([attempt], () => run(attempt))
}

function run (attempt: Attempt<Owner>): Promise<unknown> {
  const execution = attempt.owner.executions.of(attempt.task.func)
  return isTraced() ? trace(attempt, execution) : execution.run(attempt)
}

/** The same, with its end noted. */
export async function make (attempt: Attempt<Owner>): Promise<unknown> {
  try {
    return await begin(attempt)
  } finally {
    attempt.ended()
  }
}

/**
 * Makes attempts at neighbors, up to the first that fails, or fewer. They count as one for the app's slots.
 *
 * @param ended described each as it ends
 */
export async function makeTogether (
  attempts: ReadonlyArray<Attempt<Owner>>,
  ended: (attempt: Attempt<Owner>, outcome: PromiseSettledResult<unknown>) => void
): Promise<void> {
  const [first] = attempts as [Attempt<Owner>]
  const { owner: { executions, turns, signal }, task: { func } } = first
  const execution = executions.of(func)
  const rest = attempts.values()
  const run = async (): Promise<void> => await execution.runTogether?.(attempts, (outcome) => {
    const { value: attempt } = rest.next() as { value: Attempt<Owner> }
    attempt.ended()
    ended(attempt, outcome)
  })
  try {
    await (turns?.bound(func) === true ? turns.run(attempts, run) : run())
  } catch (error) {
    if (signal?.aborted !== true && !attempts.some(({ isAborted }) => isAborted)) throw error
  }
}

/** Whether a task that has failed is to be retried. It has waited when this resolves to true. */
export async function mayRetry (error: unknown, attempt: Attempt<Owner>): Promise<boolean> {
  const { task, owner } = attempt
  const { executions } = owner
  const isWorthwhile = codeOf(error) !== 'FST_BGT_ARGUMENT' // it will not be cloned the next time
  const retries = task.ownName === undefined ? executions.retriesOf(task.func) : 0
  if (!isWorthwhile || task.failures >= retries || attempt.isAborted || owner.signal?.aborted === true) return false

  const wait = Math.min((executions.options.backoff ?? defaultBackoff) * 2 ** task.failures * (1 + Math.random()), longestBackoff)
  task.failures++
  owner.retried?.(error, attempt)
  return await unlessAborted(wait, attempt)
}

/** Waits, and says whether the task may go on: false at once if it is told to stop. */
async function unlessAborted (wait: number, attempt: Attempt<Owner>): Promise<boolean> {
  const { signal } = attempt.owner
  return await new Promise((resolve) => {
    const stop = (): void => { settle(false) }
    const timer = setTimeout(() => { settle(true) }, wait)
    const settle = (mayGoOn: boolean): void => {
      clearTimeout(timer)
      attempt.onAbort = undefined
      signal?.removeEventListener('abort', stop)
      resolve(mayGoOn)
    }
    attempt.onAbort = stop
    signal?.addEventListener('abort', stop)
  })
}

/** Runs a task to its end. Resolves to what its function returned; rejects with what its last attempt threw. */
export async function runTask (task: Task, owner: Owner): Promise<unknown> {
  for (;;) {
    const attempt = nextAttempt(task, owner)
    attempt.wantsResult = true
    try {
      return await make(attempt)
    } catch (error) {
      if (!await mayRetry(error, attempt)) throw error
    }
  }
}

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
function trace (attempt: Attempt, execution: Execution): Promise<unknown> {
  const { task, number, owner: { request } } = attempt
  const { id, name } = task
  return task.runInAsyncScope(() => channel.tracePromise(() => {
    attempt.adoptContext()
    return execution.run(attempt)
  }, { id, name, execution: execution.name, attempt: number, request }))
}
