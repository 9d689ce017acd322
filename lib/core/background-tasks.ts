import { BackgroundTask, frontOf, taskOf } from './background-task.js'
import { Collection, noQueueError } from './collection.js'
import { describe, isThenable } from './describe.js'
import { FST_BGT_INVALID_TASK, messageOf, thrownBy } from './errors.js'
import { atLeastOne, checkOptions, oneOf, type Rules } from './option-rules.js'
import { awaitPass, currentOwner, type OnError } from './owner.js'
import type { TaskFunction } from './task-function.js'
import type { Task } from './task.js'

/** Options of a collection. */
export interface CollectionOptions {
  /**
   * What a failing task means for those behind it: `'continue'` runs them all the same, `'stop'` does not.
   * @default 'continue'
   */
  onError?: OnError | undefined
  /**
   * How many of its tasks run concurrently. They start in order.
   * @default 1
   */
  concurrency?: number | undefined
}

/** A client of the queue's database with an open transaction: one of `pg`, or an object that passes statements to another library's client. */
export interface TransactionClient {
  /** Runs a statement with the parameters `$1`, `$2`…, all of them strings, each used once and in order. */
  query (sql: string, params: any[]): PromiseLike<{ rows: any[] }>
}

/** The rule for `onError`. */
export const onErrorRule = oneOf('continue', 'stop')

const rules: Rules<CollectionOptions> = { onError: onErrorRule, concurrency: atLeastOne }

/** A task that was added. */
export class AddedTask {
  readonly #task: Task

  /** @internal */
  constructor (task: Task) {
    this.#task = task
  }

  /** A UUID: that of `taskContext().id` in the task. It is created when it is first read. */
  get id (): string { return this.#task.id }

  /** The task's name, as in the log. */
  get name (): string { return this.#task.name }
}

/** Gives the tasks of a plain collection, made as for another run, to whoever stores them instead. */
export let passOf: (collection: BackgroundTasks) => { readonly tasks: readonly Task[], readonly onError: OnError }

/**
 * An ordered list of tasks, run one at a time, in the order in which they were added. It is a task itself, so that a
 * collection may hold collections.
 *
 * @example
 * ```ts
 * const tasks = new BackgroundTasks()
 * tasks.addTask(charge, order.id)
 * tasks.addTask(sendReceipt, order.id)
 * await tasks()
 * ```
 */
export class BackgroundTasks extends BackgroundTask<() => Promise<void>> {
  readonly #onError: OnError
  readonly #concurrency: number
  readonly #tasks: Task[] = []
  /** What runs now. */
  #collection: Collection | undefined
  #pass: Promise<void> | undefined
  /** How many of its tasks were in an earlier pass: for another one they are made anew. */
  #used = 0

  static {
    passOf = (collection) => ({ tasks: collection.#tasksOfPass(), onError: collection.#onError })
  }

  /**
   * @param tasks the first tasks
   * @throws `FST_BGT_INVALID_TASK` if one is not a `BackgroundTask`; `FST_BGT_INVALID_OPTION`
   */
  constructor (tasks: Iterable<BackgroundTask> | null = null, options?: CollectionOptions) {
    super({ async BackgroundTasks () { await run() } }.BackgroundTasks) // its name is that of the task
    const run = (): Promise<void> => this.run()
    try {
      if (options !== undefined) checkOptions(options, rules)
      if (tasks !== null) for (const task of checkTasks(tasks)) this.#tasks.push(taskOf(task, []))
    } catch (error) {
      throw thrownBy(new.target, error)
    }
    this.#onError = options?.onError ?? 'continue'
    this.#concurrency = options?.concurrency ?? 1
  }

  /** Its tasks, in order. */
  get tasks (): BackgroundTask[] {
    return Object.freeze(this.#tasks.map((task) => frontOf(task))) as BackgroundTask[]
  }

  /**
   * Adds a task. While the collection runs, it runs in the same pass.
   *
   * @param func the function itself; or a `BackgroundTask` or a collection, to run as it is
   * @param args the function's arguments
   * @throws `FST_BGT_INVALID_FUNCTION` if `func` is not a function; `FST_BGT_INVALID_TASK` if it is this collection itself
   */
  addTask<F extends TaskFunction> (func: F, ...args: Parameters<F>): AddedTask {
    try {
      checkNotItself(this, func)
      const task = taskOf(func, args)
      this.#collection?.add(task)
      if (this.#collection !== undefined) this.#used++
      this.#tasks.push(task)
      return new AddedTask(task)
    } catch (error) {
      throw thrownBy(this.addTask, error)
    }
  }

  /**
   * Watches a promise that is already running. Its rejection is logged and counted like that of a failed task, and shutdown
   * waits for it. It is not a task of the collection, and no task waits for it.
   *
   * With a collection of your own, outside of an app's tasks, nobody waits for it, and a rejection becomes a process warning.
   *
   * @throws `FST_BGT_INVALID_TASK` if it is not a promise
   */
  waitUntil (promise: PromiseLike<unknown>): void {
    checkPromise(promise, this.waitUntil)
    const { watch = warnOfRejection } = currentOwner()
    watch(promise)
  }

  /**
   * Stores the queue tasks added so far in `request.backgroundTasks` as a job, through a client of PostgreSQL, in the
   * transaction that it has open. With the commit, workers have the job. With a rollback, it never existed. Tasks that are
   * added later are stored as usual. Outside a request, call `fastify.backgroundTasks.storeIn()`.
   *
   * If it rejects, the tasks wait as before.
   *
   * @param client a client of `pg`, or `{ query }` for that of another library
   * @throws `FST_BGT_INVALID_OPTION` if the queue is not on PostgreSQL, if the client is none or is connected to another
   * database, and for other collections than those of requests; `FST_BGT_QUEUE_UNAVAILABLE`; what the server refuses
   */
  async storeIn (client: TransactionClient): Promise<void> {
    throw noQueueError()
  }

  /**
   * Runs all tasks. A call while they are running joins that run.
   *
   * @returns a promise. Once all tasks have run, it rejects with the error of the one that failed, or with an `AggregateError`
   * of several. With `onError: 'stop'` it rejects with the first error, once those that are running have ended
   */
  override run (): Promise<void> {
    return this.#pass === undefined ? (this.#pass = this.#runAll()) : awaitPass(this.#pass)
  }

  async #runAll (): Promise<void> {
    try {
      const collection = this.#collection = new Collection(currentOwner(), this.#onError, this.#concurrency)
      for (const task of this.#tasksOfPass()) collection.add(task)
      throwAll(await collection.run())
    } finally {
      this.#pass = this.#collection = undefined
    }
  }

  #tasksOfPass (): Task[] {
    const tasks = this.#tasks.map((task, i) => i < this.#used ? task.again() : task)
    this.#used = tasks.length
    return tasks
  }
}

/** @throws `FST_BGT_INVALID_TASK` if a collection is added to itself */
export function checkNotItself (collection: BackgroundTasks, func: unknown): void {
  if (func === collection) throw new FST_BGT_INVALID_TASK('a collection cannot contain itself: it would wait for its own end')
}

/** @throws `FST_BGT_INVALID_TASK` if it is no promise */
export function checkPromise (promise: unknown, entry: Function): asserts promise is PromiseLike<unknown> {
  if (!isThenable(promise)) throw thrownBy(entry, new FST_BGT_INVALID_TASK(`waitUntil() takes a promise, but got ${describe(promise)}`))
}

/** Throws what tasks have thrown, if any has. */
export function throwAll (errors: unknown[]): void {
  if (errors.length === 1) throw errors[0]
  if (errors.length > 1) throw new AggregateError(errors, `${errors.length} background tasks failed`)
}

/** Another promise calls its then(), which may be users' code that throws, or returns nothing. What it rejects with may be anything. */
function warnOfRejection (promise: PromiseLike<unknown>): void {
  new Promise((resolve) => { resolve(promise) }).catch((error: unknown) => {
    process.emitWarning(`background task "waitUntil" failed: ${messageOf(error)}`)
  })
}

function checkTasks (tasks: unknown): BackgroundTask[] {
  if (typeof tasks !== 'object' || tasks === null || !(Symbol.iterator in tasks)) throw notTasks(describe(tasks))

  const all = [...tasks as Iterable<unknown>]
  const wrong = all.findIndex((task) => !(task instanceof BackgroundTask))
  if (wrong !== -1) throw notTasks(`${describe(all[wrong])} at index ${wrong}`)
  return all as BackgroundTask[]
}

function notTasks (got: string): Error {
  return new FST_BGT_INVALID_TASK(`a collection takes an iterable of BackgroundTask instances, but got ${got}; make one with new BackgroundTask(func, ...args), or call addTask(func, ...args)`)
}
