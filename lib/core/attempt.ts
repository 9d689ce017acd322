import { AsyncResource } from 'node:async_hooks'
import { inspect } from 'node:util'
import { isThenable } from './describe.js'
import { FST_BGT_TIMEOUT } from './errors.js'
import { enterScope, type Running, type TaskContext } from './task-context.js'
import type { Task } from './task.js'
import { silent, type TaskLogger } from './task-logger.js'
import { clearTimeout, now, setTimeout } from './timers.js'

/** How an attempt runs: awaited on the event loop, in a worker thread, in a turn of the event loop of its own, or on a queue. */
export type ExecutionName = 'await' | 'thread' | 'inline' | 'queue'

/** Whose attempt it is, as far as the attempt has to know. */
export interface AttemptOwner {
  /** By which its tasks log. */
  readonly log?: TaskLogger | undefined
  /** Aborts when its tasks should stop: that of the task within which they run. */
  readonly signal?: AbortSignal | undefined
  /** The request, for traces. */
  readonly request?: unknown
}

/** The turn of an attempt, where a limit has it wait for one. */
export interface Turn {
  /** Whether it has not come yet. */
  readonly isWaiting: boolean
  /** Gives it up, as the attempt is told to stop. */
  leave (reason: unknown): void
  /** Lets others have it while the attempt awaits their tasks. */
  lend (pass: Promise<void>): Promise<void>
}

/** One call of a task's function. */
export class Attempt<Owner extends AttemptOwner = AttemptOwner> implements Running {
  readonly task: Task
  readonly owner: Owner
  /** How it runs. */
  readonly execution: ExecutionName
  /** From 1. */
  readonly number: number
  /** The longest that it may take, in milliseconds. */
  readonly timeout: number | undefined
  /** When its function was called, by `now()`, and how long it took, in milliseconds. */
  startedAt: number | undefined = undefined
  duration: number | undefined = undefined
  /** Whether somebody awaits what its function returns. */
  wantsResult = false
  /** Whether it was told to stop, other than by its timeout: it is not retried. */
  isAborted = false
  /** Called when it is told to stop. */
  onAbort: (() => void) | undefined = undefined
  /** Its turn, as long as it waits for that, or has it. */
  turn: Turn | undefined = undefined
  #scope: AsyncResource
  #context: TaskContext | undefined = undefined
  #controller: AbortController | undefined = undefined
  #stopFollowing: (() => void) | undefined = undefined

  constructor (task: Task, owner: Owner, execution: ExecutionName, number: number, timeout: number | undefined) {
    this.task = task
    this.owner = owner
    this.execution = execution
    this.number = number
    this.timeout = timeout
    this.#scope = task
  }

  /** What the task sees of it. */
  get context (): TaskContext {
    return (this.#context ??= this.#createContext())
  }

  /** Whether its function is running now. */
  get isRunning (): boolean {
    return this.startedAt !== undefined && this.duration === undefined
  }

  /** How long the task waited until its function was called, in milliseconds. */
  get waited (): number | undefined {
    return this.startedAt === undefined ? undefined : this.startedAt - this.task.addedAt
  }

  /** Calls the task's function, in the async context in which the task was added. What it returns is a promise if it can be awaited. */
  call (): unknown {
    this.startedAt = now()
    return this.#scope.runInAsyncScope(callTask, undefined, this)
  }

  /** Calls a function in the async context in which the task was added, as code of the task. */
  inContext<A extends unknown[], R> (func: (...args: A) => R, ...args: A): R {
    return this.#scope.runInAsyncScope(() => {
      enterScope(this)
      return func(...args)
    })
  }

  /** Takes the async context of the caller for that of the task: subscribers of the tracing channel have added to it. */
  adoptContext (): void {
    this.#scope = new AsyncResource('BackgroundTaskAttempt')
  }

  /** What a promise of the function settles to, unless it takes longer than the timeout. Then it rejects with `FST_BGT_TIMEOUT`. */
  limited (promise: Promise<unknown>): Promise<unknown> {
    return this.timeout === undefined ? promise : this.#limit(promise)
  }

  #limit (promise: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => { reject(this.timedOut()) }, this.timeout)
      promise.then(
        (value) => { clearTimeout(timer); resolve(value) },
        (error: unknown) => { clearTimeout(timer); reject(error) }
      )
    })
  }

  /** It has run past its timeout. Aborts the task's signal, and returns the error. */
  timedOut (): Error {
    const error = new FST_BGT_TIMEOUT(this.task.name, this.timeout as number)
    ;(this.#controller ??= new AbortController()).abort(error)
    return error
  }

  /** Tells the task to stop, for good. */
  abort (reason: unknown): void {
    this.isAborted = true
    ;(this.#controller ??= new AbortController()).abort(reason)
    this.onAbort?.()
    this.turn?.leave(reason)
  }

  /** It has ended. */
  ended (): void {
    this.duration ??= this.startedAt === undefined ? 0 : now() - this.startedAt
    this.#stopFollowing?.()
  }

  /** Nothing that prints it prints the arguments. */
  [inspect.custom] (): string {
    return `Attempt at ${this.task.name}`
  }

  get #signal (): AbortSignal {
    const controller = (this.#controller ??= new AbortController())
    const { signal } = this.owner
    if (signal !== undefined) {
      const stop = (): void => { controller.abort(signal.reason) }
      if (signal.aborted) stop()
      else signal.addEventListener('abort', stop)
      this.#stopFollowing = () => { signal.removeEventListener('abort', stop) }
    }
    return controller.signal
  }

  #createContext (): TaskContext {
    const { task: { id, name }, number, owner } = this
    const createSignal = (): AbortSignal => this.#signal
    let signal: AbortSignal | undefined
    let log: TaskLogger | undefined
    return {
      id,
      name,
      attempt: number,
      get signal () { return (signal ??= createSignal()) },
      get log () { return (log ??= owner.log?.child({ task: name, taskId: id }) ?? silent) }
    }
  }
}

/** The `then` of a thenable is code of the task, too. */
function callTask (attempt: Attempt): unknown {
  enterScope(attempt)
  const { func, args } = attempt.task
  const result: unknown = func(...args)
  if (result instanceof Promise || !isThenable(result)) return result
  return adopt(result)
}

function adopt (thenable: PromiseLike<unknown>): Promise<unknown> {
  return new Promise((resolve, reject) => { thenable.then(resolve, reject) })
}
