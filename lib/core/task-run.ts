import { randomUUID } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { inspect } from 'node:util'
import type { TaskFunction } from './background-task.js'
import { currentRun, enter } from './current-run.js'
import type { Execution, ExecutionName } from './executions/execution.js'
import type { TaskContext } from './task-context.js'
import { silent, type TaskLogger } from './task-logger.js'
import { nameOf } from './task-name.js'

/** Whose tasks they are: a request's or an app's. */
export interface TaskHost {
  /** By which tasks log. */
  readonly log?: TaskLogger
  /** The request, for traces. */
  readonly request?: unknown
  /** Aborts when its tasks should stop. */
  readonly signal?: AbortSignal
  /** A task has failed, and will be tried again. Must not throw. */
  taskRetried? (error: unknown, run: TaskRun): void
  /** A task could not be stored on the queue, and runs in this process. Must not throw. */
  taskNotStored? (error: unknown, run: TaskRun): void
}

const nobody: TaskHost = {}

/** Whose tasks begin here: those of the task whose code this is, or nobody's. */
export function currentHost (): TaskHost {
  const run = currentRun()
  if (run === undefined) return nobody

  const { host = nobody, context } = run
  return {
    log: host.log,
    request: host.request,
    get signal () { return context.signal },
    taskRetried: (error, run) => host.taskRetried?.(error, run),
    taskNotStored: (error, run) => host.taskNotStored?.(error, run)
  }
}

/** What is run: a call, or a task that is more than one. */
export interface Runnable {
  readonly func: TaskFunction
  readonly args: unknown[]
  /** Where it has one of its own. */
  readonly name?: string
}

/** What stays the same for all attempts at a task. */
export interface Identity {
  /** Made for the first who asks. */
  id?: string | undefined
  /** When it was added, by `performance.now()`. */
  readonly addedAt?: number
}

/** An attempt at a task. */
export class TaskRun {
  readonly work: Runnable
  /** None for a collection, or for a task that runs in a way of its own: it is awaited. */
  readonly execution: Execution | undefined
  readonly host: TaskHost
  /** From 1. */
  readonly attempt: number
  /** The longest that it may take, in milliseconds. */
  readonly timeout: number | undefined
  /** When its function was called, by `performance.now()`. */
  startedAt: number | undefined
  /** How long its function took, in milliseconds. */
  duration: number | undefined
  /** Hears of an abort, where the task runs elsewhere. */
  onAbort: (() => void) | undefined
  readonly #identity: Identity
  #context: TaskContext | undefined
  #controller: AbortController | undefined

  constructor (
    work: Runnable,
    execution: Execution | undefined,
    timeout: number | undefined,
    host: TaskHost,
    identity: Identity,
    attempt: number
  ) {
    this.work = work
    this.execution = execution
    this.timeout = timeout
    this.host = host
    this.#identity = identity
    this.attempt = attempt
  }

  get id (): string {
    return (this.#identity.id ??= randomUUID())
  }

  get name (): string {
    return this.work.name ?? nameOf(this.work.func)
  }

  get executionName (): ExecutionName {
    return this.execution?.name ?? 'await'
  }

  /** How long it waited, from when it was added until its function was called, in milliseconds. */
  get waited (): number | undefined {
    const { addedAt } = this.#identity
    return addedAt === undefined || this.startedAt === undefined ? undefined : this.startedAt - addedAt
  }

  /** What the task sees of it. */
  get context (): TaskContext {
    return (this.#context ??= this.#createContext())
  }

  /** Calls the task's function, or one that does. */
  call<T> (func: (...args: any[]) => T, args: unknown[]): T {
    this.startedAt = performance.now()
    return enter(this, func, args)
  }

  /** It has ended. */
  ended (): void {
    this.duration ??= this.startedAt === undefined ? 0 : performance.now() - this.startedAt
  }

  /** Tells the task that it should stop. */
  abort (reason: unknown): void {
    (this.#controller ??= new AbortController()).abort(reason)
    this.onAbort?.()
  }

  /** Nobody's log shows the arguments. */
  [inspect.custom] (): string {
    return `TaskRun ${this.name}`
  }

  #createContext (): TaskContext {
    const { id, name, attempt, host } = this
    const createSignal = (): AbortSignal => this.#createSignal()
    let signal: AbortSignal | undefined
    let log: TaskLogger | undefined
    return {
      id,
      name,
      attempt,
      get signal () { return (signal ??= createSignal()) },
      get log () { return (log ??= host.log?.child({ task: name, taskId: id }) ?? silent) }
    }
  }

  #createSignal (): AbortSignal {
    const { signal } = (this.#controller ??= new AbortController())
    return this.host.signal === undefined ? signal : AbortSignal.any([signal, this.host.signal])
  }
}
