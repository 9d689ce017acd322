import type { BackgroundTask, TaskFunction } from './background-task.js'
import { Collection, type OnError } from './collection.js'
import type { Entry } from './entry.js'
import type { Executions } from './executions/index.js'
import { HandedOver } from './handed-over.js'
import { handled } from './handled.js'
import type { TaskHost, TaskRun } from './task-run.js'
import type { TaskTracker } from './task-tracker.js'

/** Learns what nobody awaits. Must not throw. */
export interface TaskReporter extends TaskHost {
  taskCompleted (run: TaskRun): void
  /** A task threw `error`, and is not tried again; `skipped` are those that do not run because of it. */
  taskFailed (error: unknown, run: TaskRun, task: BackgroundTask, skipped: BackgroundTask[]): void
  /** A task was still waiting or running when it was given up. */
  taskUnfinished (task: BackgroundTask, state: 'waiting' | 'running'): void
}

/**
 * A collection that an app keeps count of. It holds its tasks until it is released; from then on they run as they come.
 * Each runs once.
 */
export class TrackedCollection extends Collection {
  /** Where its tracker keeps it; -1 while it does not. */
  index = -1
  readonly #tracker: TaskTracker
  readonly #reporter: TaskReporter
  readonly #executions: Executions
  #state: 'held' | 'released' | 'refused' = 'held'
  /** What was running when the collection was given up: reported as unfinished, not as failed. */
  #abandoned: Entry | undefined

  constructor (tracker: TaskTracker, reporter: TaskReporter, executions: Executions, onError: OnError) {
    super(onError, executions)
    this.#tracker = tracker
    this.#reporter = reporter
    this.#executions = executions
  }

  /** Whether nothing is waiting or running. */
  get isEmpty (): boolean {
    return this.running === undefined && this.first === undefined
  }

  /** Whether it is the turn of a task of its that waits: for a thread, or for its next attempt. */
  get isHeldUp (): boolean {
    return this.running !== undefined && (this.running.retrying?.isWaiting === true || this.attempts?.isInLane === true)
  }

  override add (func: TaskFunction, args: unknown[]): void {
    this.#tracker.admit()
    super.add(func, args)
    this.#tracker.taskAccepted(this)
    if (this.#state === 'refused') this.#discard()
    if (this.#state === 'released') this.pass()
  }

  /** Hands over what goes to the queue, and waits, in the pass under way, too: each task runs once. */
  override async handOverQueued (executions = this.#executions, host = this.host, comesNext = true): Promise<void> {
    this.handedOver ??= new HandedOver(executions, host, this.onError)
    await this.handedOver.handOverQueued(this.running ?? this.first, comesNext && this.running === undefined)
  }

  override withdraw (): void {
    this.handedOver?.withdraw(this.first)
  }

  /** Runs what it holds, now, whether released or not. Failures have been reported, so nobody needs to handle them. */
  override run (executions?: Executions): Promise<void> {
    return handled(super.run(executions))
  }

  /** Runs what it holds, and from now on each task that is added. Never rejects. */
  release (): Promise<unknown> {
    this.#state = 'released'
    return this.pass()
  }

  /** Discards what it holds, and from now on each task that is added. */
  refuse (): BackgroundTask[] {
    this.#state = 'refused'
    this.withdraw()
    return this.#discard()
  }

  /** Discards what waits, and reports it together with the task that is running. */
  override abandon (reason: unknown): void {
    const waiting = this.#discard()
    this.#abandoned = this.running
    if (this.running !== undefined) this.#reporter.taskUnfinished(this.running.task, this.isHeldUp ? 'waiting' : 'running')
    this.running?.abandon(reason)
    for (const task of waiting) this.#reporter.taskUnfinished(task, 'waiting')
  }

  /** Takes it off: who keeps one that has run keeps none of those that came after it. */
  protected override next (ran: Entry | undefined): Entry | undefined {
    if (ran !== undefined) {
      ran.next = undefined
      if (ran === this.last) this.last = undefined
    }
    const entry = this.first
    if (entry !== undefined) {
      this.first = entry.next
      this.#tracker.taskStarted()
    }
    return entry
  }

  protected override get host (): TaskHost {
    return this.#reporter
  }

  protected override completed (entry: Entry): void {
    this.#reporter.taskCompleted(entry.latest as TaskRun)
    this.running = undefined
    this.#tracker.taskEnded(this, 'completed')
  }

  protected override failed (error: unknown, entry: Entry): boolean {
    const skipped = this.onError === 'stop' ? this.#discard() : []
    if (entry !== this.#abandoned) this.#reporter.taskFailed(error, entry.latest as TaskRun, entry.task, skipped)
    this.running = undefined
    this.#tracker.taskEnded(this, 'failed')
    // Either way: what waits now was added by the one who was told.
    return true
  }

  #discard (): BackgroundTask[] {
    const discarded = this.entries.map(({ task }) => task)
    this.first = undefined
    this.last = this.running
    if (this.running !== undefined) this.running.next = undefined
    if (discarded.length > 0) this.#tracker.tasksDiscarded(this, discarded.length)
    return discarded
  }
}
