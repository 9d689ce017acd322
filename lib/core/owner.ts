import type { Attempt, AttemptOwner, Turn } from './attempt.js'
import { defaultExecutions, type Executions } from './executions.js'
import { defaultTurns, type Turns } from './slots.js'
import { currentlyRunning } from './task-context.js'
import type { TaskFunction } from './task-function.js'
import type { Task } from './task.js'

/** What a failing task means for those behind it in its collection. */
export type OnError = 'continue' | 'stop'

/** A collection that holds tasks, as the owner of its tasks sees it. */
export interface OpenCollection {
  /** How many of its tasks are running. */
  readonly running: number
  /** The owner's own note: where it has put the collection. */
  index: number
  /** Gives up what has not ended. */
  abandon (reason: unknown): void
}

/** Whose tasks they are: a request's, an app's, another task's, or nobody's. It is told the outcome of each, and must not throw. */
export interface Owner extends AttemptOwner {
  readonly executions: Executions
  /** Where tasks are stored that run elsewhere. */
  readonly store?: TaskStore | undefined
  /** Has attempts wait for their turn; nothing waits if `undefined`. */
  readonly turns?: Turns | undefined
  /** Within which its attempts run. */
  readonly turn?: Turn | undefined
  /** @throws `FST_BGT_QUEUE_FULL` if there is no room for another task; `FST_BGT_CLOSED` */
  admit? (task: Task): void
  /** A collection has got its first task, and has none any more. */
  opened? (collection: OpenCollection): void
  closed? (collection: OpenCollection): void
  added? (task: Task): void
  completed? (attempt: Attempt): void
  /** The attempt has failed, and its task will be retried. */
  retried? (error: unknown, attempt: Attempt): void
  /** The task is not retried; `skipped` do not run because of it. */
  failed? (error: unknown, attempt: Attempt, skipped: Task[]): void
  discarded? (tasks: Task[]): void
  /** The app has closed without it. */
  unfinished? (task: Task, attempt: Attempt | undefined): void
  stored? (tasks: readonly Task[]): void
  /** Watches work that is under way already. */
  watch? (promise: PromiseLike<unknown>): void
}

/** Stores tasks that run elsewhere: the queue. */
export interface TaskStore {
  /** Whether tasks with this function are stored. */
  takes (func: TaskFunction): boolean
  /** Opens an outbox for tasks of one collection. */
  open (options: { readonly onError: OnError, readonly request?: unknown }): Outbox
}

/** Tasks of one collection that are to be stored together. */
export interface Outbox {
  readonly tasks: readonly Task[]
  /** Whether the server is known to be unavailable: nothing need be sent to find that out. */
  readonly isAway: boolean
  /** @throws `FST_BGT_ARGUMENT` if its arguments cannot be stored, or are too large together with the others' */
  add (task: Task): void
  /**
   * Stores all of them.
   *
   * @throws `FST_BGT_QUEUE_UNAVAILABLE` if none of them is stored, and all are to run in this process
   */
  store (): Promise<void>
  /** Takes over the tasks of another one of its collection that was opened later. */
  join? (later: Outbox): void
  /**
   * Stores all of them through a client of the application, in the transaction that it has open.
   *
   * @throws `FST_BGT_INVALID_OPTION` if that is not possible with this queue or this client; what the server refuses
   */
  storeIn? (client: unknown): Promise<void>
}

const nobody: Owner = { executions: defaultExecutions, turns: defaultTurns }

/** Whose tasks begin here: those of the task whose code this is, or nobody's. */
export function currentOwner (): Owner {
  const running = currentlyRunning() as Attempt<Owner> | undefined
  if (running?.owner === undefined) return nobody

  const { owner, task } = running
  return {
    executions: owner.executions,
    store: owner.store,
    log: owner.log,
    request: owner.request,
    // An attempt within one that has a slot takes none, so that nothing waits for itself.
    get turns () { return task.ownName === undefined && running.isRunning ? undefined : owner.turns },
    get turn () { return running.turn ?? owner.turn },
    get signal () { return running.context.signal },
    retried: (error, attempt) => owner.retried?.(error, attempt),
    watch: owner.watch && ((promise) => { owner.watch?.(promise) })
  }
}

/**
 * Awaits a pass that others may have begun, or whose tasks are others'. A task that does so lets others have its
 * turn: the pass may wait for that one.
 */
export function awaitPass (pass: Promise<void>): Promise<void> {
  return currentOwner().turn?.lend(pass) ?? pass
}
