import { AsyncResource } from 'node:async_hooks'
import { BackgroundTask, type TaskFunction } from './background-task.js'
import { Call } from './call.js'
import type { Executions } from './executions/index.js'
import type { Work } from './work.js'

/** A task as it waits in a collection, with the async context in which it was added. */
export class Entry extends AsyncResource {
  #work: Work

  /** @throws `FST_BGT_INVALID_FUNCTION` */
  constructor (func: TaskFunction, args: unknown[], executions: Executions) {
    const work = func instanceof BackgroundTask ? func : new Call(func, args, executions)
    super('BackgroundTask')
    this.#work = work
  }

  /** The task itself, made for the first who looks at it. */
  get task (): BackgroundTask {
    const task = this.#work instanceof BackgroundTask ? this.#work : new BackgroundTask(this.#work)
    this.#work = task
    return task
  }

  /** Runs the task in its context. */
  run (executions: Executions): Promise<unknown> {
    return this.runInAsyncScope(this.#work.run, this.#work, executions)
  }
}
