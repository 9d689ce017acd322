import { taskOf } from './core/background-task.js'
import { AddedTask, checkPromise } from './core/background-tasks.js'
import { Collection } from './core/collection.js'
import { thrownBy } from './core/errors.js'
import type { TaskFunction } from './core/task-function.js'
import type { TaskTracker } from './core/task-tracker.js'
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
   * @throws `FST_BGT_INVALID_FUNCTION` if `func` is no function; `FST_BGT_QUEUE_FULL`; `FST_BGT_CLOSED`; `FST_BGT_ARGUMENT`
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
   * Watches work that is under way already: its rejection is handled from now on, logged and counted as that of a failed
   * task, and shutdown waits for it.
   *
   * @throws `FST_BGT_INVALID_TASK` if it is no promise
   */
  waitUntil (promise: PromiseLike<unknown>): void {
    checkPromise(promise, this.waitUntil)
    this.#report.watch(promise)
  }

  /** Resolves when no task is waiting or running, nor on the queue if a worker of this process takes them; for tests. */
  async idle (): Promise<void> {
    do {
      await this.#tracker.idle()
      await this.#queue?.idle()
    } while (!this.#tracker.isIdle)
  }
}
