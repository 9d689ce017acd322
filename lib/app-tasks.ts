import { frontOf, taskOf } from './core/background-task.js'
import { AddedTask, BackgroundTasks, checkPromise, passOf, type TransactionClient } from './core/background-tasks.js'
import { Collection, noQueueError } from './core/collection.js'
import { describe } from './core/describe.js'
import { FST_BGT_INVALID_TASK, thrownBy } from './core/errors.js'
import type { TaskStore } from './core/owner.js'
import type { TaskFunction } from './core/task-function.js'
import type { TaskTracker } from './core/task-tracker.js'
import type { Task } from './core/task.js'
import type { TaskReport } from './task-report.js'

/** `fastify.backgroundTasks`: an app's view of its tasks, those of its requests and its own. */
export class AppTasks {
  readonly #tracker: TaskTracker
  readonly #report: TaskReport
  readonly #queue: { idle (): Promise<void> } | undefined

  /** @internal */
  constructor (tracker: TaskTracker, report: TaskReport, queue?: { idle (): Promise<void> }) {
    this.#tracker = tracker
    this.#report = report
    this.#queue = queue
  }

  /** Tasks that wait: for their response to be sent, for those before them in their collection, for a thread, a slot or their retry. */
  get pending (): number { return this.#tracker.pending }

  /** Tasks that are running. */
  get running (): number { return this.#tracker.running }

  /** Tasks that have completed since the start. */
  get completed (): number { return this.#tracker.completed }

  /** Tasks that have failed since the start. */
  get failed (): number { return this.#tracker.failed }

  /**
   * Runs a task that belongs to no request. It starts immediately, in parallel with other tasks; to run several in order, pass a
   * collection, which counts as one task.
   *
   * @param func the function itself; or a `BackgroundTask` or a collection, to run as it is
   * @param args the function's arguments
   * @throws `FST_BGT_INVALID_FUNCTION` if `func` is not a function; `FST_BGT_QUEUE_FULL`; `FST_BGT_CLOSED`; `FST_BGT_ARGUMENT`
   */
  addTask<F extends TaskFunction> (func: F, ...args: Parameters<F>): AddedTask {
    try {
      const task = taskOf(func, args)
      const tasks = new Collection(this.#report, 'continue')
      tasks.add(task)
      tasks.run()
      return new AddedTask(task)
    } catch (error) {
      throw thrownBy(this.addTask, error)
    }
  }

  /**
   * Watches a promise that is already running. Its rejection is logged and counted like that of a failed task, and shutdown
   * waits for it.
   *
   * @throws `FST_BGT_INVALID_TASK` if it is not a promise
   */
  waitUntil (promise: PromiseLike<unknown>): void {
    checkPromise(promise, this.waitUntil)
    this.#report.watch(promise)
  }

  /**
   * Stores the tasks of a collection as a job, through a client of PostgreSQL, in the transaction that it has open: for code
   * outside a request. With the commit, workers have the job. With a rollback, it never existed.
   *
   * A copy is stored, and the collection stays as it is: store it again if you repeat the transaction. Its tasks then have new
   * ids, as with each `run()`. If it rejects, nothing is stored. `request.backgroundTasks` is stored as with its own `storeIn()`.
   *
   * @param client a client of `pg`, or `{ query }` for that of another library
   * @param collection holds queue tasks alone
   * @throws `FST_BGT_INVALID_TASK` if it is not a collection, or holds a task that does not go to the queue;
   * `FST_BGT_INVALID_OPTION` if the queue is not on PostgreSQL, or if `client` is not a client, or is connected to another database;
   * `FST_BGT_ARGUMENT`; `FST_BGT_QUEUE_FULL`; `FST_BGT_CLOSED`; `FST_BGT_QUEUE_UNAVAILABLE`; what the server refuses
   */
  async storeIn (client: TransactionClient, collection: BackgroundTasks): Promise<void> {
    if (!(collection instanceof BackgroundTasks)) throw new FST_BGT_INVALID_TASK(`storeIn() takes a client and a collection, but got ${describe(collection)}; make one with new BackgroundTasks()`)
    if (collection.storeIn !== BackgroundTasks.prototype.storeIn) return await collection.storeIn(client) // a request's

    const { tasks, onError } = passOf(collection)
    checkStored(tasks, this.#report.store)
    const copy = new Collection(this.#report, onError)
    try {
      for (const task of tasks) copy.add(task)
      await copy.storeIn(client)
    } catch (error) {
      copy.discard()
      throw error
    }
  }

  /**
   * Resolves when no task is waiting or running; for tests. If this process runs jobs, it also waits until the queue has none
   * left.
   */
  async idle (): Promise<void> {
    do {
      await this.#tracker.idle()
      await this.#queue?.idle()
    } while (!this.#tracker.isIdle)
  }
}

/** @throws `FST_BGT_INVALID_TASK` if one of them does not go to the queue; `FST_BGT_INVALID_OPTION` if there is none */
function checkStored (tasks: readonly Task[], store: TaskStore | undefined): void {
  if (store === undefined) throw noQueueError()

  const index = tasks.findIndex(({ func }) => !store.takes(func))
  const task = tasks[index]
  if (task === undefined) return

  throw new FST_BGT_INVALID_TASK(frontOf(task) instanceof BackgroundTasks
    ? `the collection at index ${index} is a job of its own; store it with another call of storeIn()`
    : `"${task.name}" at index ${index} does not go to the queue, so storeIn() cannot store it; export its function from a task module, or run it after the commit`)
}
