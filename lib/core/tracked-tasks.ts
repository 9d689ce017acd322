import type { BackgroundTask } from './background-task.js'
import { BackgroundTasks, type Entry, type OnError } from './background-tasks.js'
import type { TaskTracker } from './task-tracker.js'

/** Learns what nobody awaits. */
export interface TaskReporter {
  /** A task threw `error`; `skipped` are those that do not run because of it. */
  taskFailed (error: unknown, task: BackgroundTask, skipped: BackgroundTask[]): void
  /** A task was still waiting or running when it was given up. */
  taskUnfinished (task: BackgroundTask, state: 'waiting' | 'running'): void
}

/**
 * A collection that an app keeps count of. It holds its tasks until it is released; from then on they run as they come.
 * Each runs once.
 */
export class TrackedTasks extends BackgroundTasks {
  readonly #tracker: TaskTracker
  readonly #reporter: TaskReporter
  #state: 'held' | 'released' | 'refused' = 'held'
  #running: BackgroundTask | undefined

  constructor (tracker: TaskTracker, reporter: TaskReporter, onError: OnError) {
    super()
    this.#tracker = tracker
    this.#reporter = reporter
    this.onError = onError
  }

  /** Whether nothing is waiting or running. */
  get isEmpty (): boolean {
    return this.#running === undefined && this.entries.length === 0
  }

  /** Runs what it holds, now, whether released or not. The failures have been reported, so nobody needs to await it. */
  override run (): Promise<void> {
    const pass = super.run()
    pass.catch(() => {})
    return pass
  }

  /** Runs what it holds, and from now on each task that is added. Never rejects. */
  async release (): Promise<void> {
    this.#state = 'released'
    // Its caller goes on first: the listeners of the response's `finish`, or who has called addTask.
    await null
    try {
      await this.run()
    } catch {
      // Reported, task by task.
    }
  }

  /** Discards what it holds, and from now on each task that is added. */
  refuse (): BackgroundTask[] {
    this.#state = 'refused'
    return this.#discard()
  }

  /** Discards what waits, and reports it together with the task that is running. */
  abandon (): void {
    const waiting = this.#discard()
    if (this.#running !== undefined) this.#reporter.taskUnfinished(this.#running, 'running')
    for (const task of waiting) this.#reporter.taskUnfinished(task, 'waiting')
  }

  /** @internal */
  protected override add (task: BackgroundTask): void {
    if (this.#state === 'refused') return

    super.add(task)
    this.#tracker.taskAccepted(this)
    if (this.#state === 'released') this.release()
  }

  /** @internal */
  protected override next (): Entry | undefined {
    return this.entries.shift()
  }

  /** @internal */
  protected override async runEntry (entry: Entry): Promise<void> {
    this.#running = entry.task
    this.#tracker.taskStarted()
    try {
      await super.runEntry(entry)
      this.#ended('completed')
    } catch (error) {
      const skipped = this.onError === 'stop' ? this.#discard() : []
      this.#reporter.taskFailed(error, entry.task, skipped)
      this.#ended('failed')
      throw error
    }
  }

  #ended (outcome: 'completed' | 'failed'): void {
    this.#running = undefined
    this.#tracker.taskEnded(this, outcome)
  }

  #discard (): BackgroundTask[] {
    const discarded = this.entries.splice(0)
    if (discarded.length > 0) this.#tracker.tasksDiscarded(this, discarded.length)
    return discarded.map(({ task }) => task)
  }
}
