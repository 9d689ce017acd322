import { AsyncResource } from 'node:async_hooks'
import { performance } from 'node:perf_hooks'
import { BackgroundTask, type TaskFunction } from './background-task.js'
import { Call } from './call.js'
import type { Collection } from './collection.js'
import type { Execution, Lane, LaneRun } from './executions/execution.js'
import type { Executions } from './executions/index.js'
import { TaskRun, type Identity, type TaskHost } from './task-run.js'

/** How far the attempts at a task have come. */
export class Retrying {
  /** How many have failed. */
  failures = 0
  /** Whether the latest has failed, and the next one has not begun. */
  isWaiting = false
  /** Ends the waiting for the next one. */
  readonly patience = new AbortController()
}

/** A task as it waits in a collection, with the async context in which it was added. */
export class Entry extends AsyncResource implements Identity {
  id: string | undefined
  readonly addedAt = performance.now()
  /** The one after it in its collection. */
  next: Entry | undefined
  /** The latest attempt at it. */
  latest: TaskRun | undefined
  /** Where it has retries. */
  retrying: Retrying | undefined
  /** None for a collection, or for a task that runs in a way of its own. */
  readonly #call: Call | undefined
  #task: BackgroundTask | undefined

  /** @throws `FST_BGT_INVALID_FUNCTION`, `FST_BGT_ARGUMENT` */
  constructor (func: TaskFunction, args: unknown[], executions: Executions) {
    const task = func instanceof BackgroundTask ? func : undefined
    const call = task === undefined ? new Call(func, args, executions) : BackgroundTask.callOf(task)
    super('BackgroundTask')
    if (call !== undefined && executions.haveQueue) executions.check(call.func, call.args)
    this.#task = task
    this.#call = call
  }

  /** The task itself, made for the first who looks at it. */
  get task (): BackgroundTask {
    return (this.#task ??= new BackgroundTask(this.#call as Call))
  }

  /** How the task runs, where it is a call. */
  executionIn (executions: Executions): Execution | undefined {
    return this.#call && executions.of(this.#call.func)
  }

  /** Whether the task goes to the queue. */
  isQueuedIn (executions: Executions): boolean {
    return this.#call !== undefined && executions.queues(this.#call.func)
  }

  /** How often the task is tried again. */
  retriesIn (executions: Executions): number {
    return this.#call === undefined ? 0 : executions.retriesOf(this.#call.func)
  }

  /** An attempt, which is still to be made. */
  begin (executions: Executions, host: TaskHost): TaskRun {
    const attempt = (this.retrying?.failures ?? 0) + 1
    if (this.retrying !== undefined) this.retrying.isWaiting = false
    return (this.latest = this.#call === undefined
      ? new TaskRun(this.task, undefined, undefined, host, this, attempt)
      : executions.begin(this.#call, host, this, attempt))
  }

  /** Makes an attempt, in its context. */
  run (executions: Executions, host: TaskHost): Promise<unknown> {
    return this.runInAsyncScope(executions.run, executions, this.begin(executions, host))
  }

  /** Hands an attempt over to a lane, which does not go on when it fails if `stops`, or if there are retries. */
  runIn (lane: Lane, executions: Executions, host: TaskHost, stops: boolean): LaneRun {
    return lane.run(this.begin(executions, host), stops || this.retriesIn(executions) > 0, executions.isTraced)
  }

  /** Waits for an attempt that was handed over, in its context. */
  follow (executions: Executions, { promise }: LaneRun): Promise<unknown> {
    return executions.isTraced ? this.runInAsyncScope(executions.follow, executions, this.latest as TaskRun, promise) : promise
  }

  /** It has ended, and may run again, as a task of its own. */
  renew (): void {
    this.id = undefined
    this.retrying = undefined
  }

  /** Where the task is a collection, hands over those of its tasks that go to the queue, before its turn. */
  handOverQueued (executions: Executions, host: TaskHost, comesNext: boolean): Promise<void> | undefined {
    return this.#collection?.handOverQueued(executions, host, comesNext)
  }

  /** Where the task is a collection, takes back what was handed over before its turn. */
  withdraw (): void {
    this.#collection?.withdraw()
  }

  /** Where the task is a collection, those of its tasks that may still run elsewhere. */
  get away (): Lane | undefined {
    return this.#collection?.away
  }

  /** Tells the task to stop, and gives up what waits in it, where it is a collection. */
  abandon (reason: unknown): void {
    this.latest?.abort(reason)
    this.retrying?.patience.abort(reason)
    this.#collection?.abandon(reason)
  }

  get #collection (): Collection | undefined {
    return this.#task && BackgroundTask.collectionOf(this.#task)
  }
}
