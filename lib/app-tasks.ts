import type { TaskFunction } from './core/background-task.js'
import type { Executions } from './core/executions/index.js'
import type { TaskTracker } from './core/task-tracker.js'
import type { AppQueue } from './queue/app-queue.js'
import { TrackedCollection, type TaskReporter } from './core/tracked-collection.js'

/** `fastify.backgroundTasks`: an app's view of its tasks, those of its requests and its own. */
export class AppTasks {
  readonly #tracker: TaskTracker
  readonly #reporter: TaskReporter
  readonly #executions: Executions
  readonly #queue: AppQueue | undefined

  /** @internal */
  constructor (tracker: TaskTracker, reporter: TaskReporter, executions: Executions, queue?: AppQueue) {
    this.#tracker = tracker
    this.#reporter = reporter
    this.#executions = executions
    this.#queue = queue
  }

  /** Tasks that wait: for their response to be sent, for those before them in their collection, for a thread, or for their next attempt. */
  get pending (): number { return this.#tracker.waiting + this.#tracker.heldUp }

  /** Tasks that are running. */
  get running (): number { return this.#tracker.running - this.#tracker.heldUp }

  /** Tasks that have ended well, since the start. */
  get completed (): number { return this.#tracker.completed }

  /** Tasks that have failed, since the start. */
  get failed (): number { return this.#tracker.failed }

  /**
   * Runs a task that belongs to no request. It starts at once, beside other tasks; for several in order, pass a
   * collection, which counts as one task.
   *
   * @param func the function itself; or a `BackgroundTask` or a collection, to run as it is
   * @param args the function's arguments
   * @throws `FST_BGT_INVALID_FUNCTION` where `func` is no function
   */
  addTask<F extends TaskFunction> (func: F, ...args: Parameters<F>): void {
    const tasks = new TrackedCollection(this.#tracker, this.#reporter, this.#executions, 'continue')
    tasks.add(func, args)
    tasks.release()
  }

  /** Resolves when no task is waiting or running, on the queue neither, where a worker of this process takes them; for tests. */
  async idle (): Promise<void> {
    do await this.#tracker.idle()
    while (await this.#queue?.isBusy())
  }
}
