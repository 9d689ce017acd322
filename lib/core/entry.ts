import { AsyncResource } from 'node:async_hooks'
import { BackgroundTask, type TaskFunction } from './background-task.js'
import { Call } from './call.js'
import type { Execution, Lane, LaneRun } from './executions/execution.js'
import type { Executions } from './executions/index.js'

/** A task as it waits in a collection, with the async context in which it was added. */
export class Entry extends AsyncResource {
  /** None for a collection, or for a task that runs in a way of its own. */
  readonly #call: Call | undefined
  #task: BackgroundTask | undefined

  /** @throws `FST_BGT_INVALID_FUNCTION` */
  constructor (func: TaskFunction, args: unknown[], executions: Executions) {
    const task = func instanceof BackgroundTask ? func : undefined
    const call = task === undefined ? new Call(func, args, executions) : BackgroundTask.callOf(task)
    super('BackgroundTask')
    this.#task = task
    this.#call = call
  }

  /** The task itself, made for the first who looks at it. */
  get task (): BackgroundTask {
    return (this.#task ??= new BackgroundTask(this.#call as Call))
  }

  /** Runs the task in its context. */
  run (executions: Executions): Promise<unknown> {
    const work = this.#call ?? this.task
    return this.runInAsyncScope(work.run, work, executions)
  }

  /** Gives up what waits in it, where it is a collection. */
  abandon (): void {
    if (this.#task !== undefined) BackgroundTask.collectionOf(this.#task)?.abandon()
  }

  /** How the task runs, where it is a call. */
  executionIn (executions: Executions): Execution | undefined {
    return this.#call && executions.of(this.#call.func)
  }

  /** Hands the task over to a lane. */
  runIn (lane: Lane): LaneRun {
    const { func, args } = this.#call as Call
    return lane.run(func, args)
  }
}
