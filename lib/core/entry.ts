import { AsyncResource } from 'node:async_hooks'
import { BackgroundTask, type TaskFunction } from './background-task.js'
import { Call } from './call.js'
import type { Work } from './work.js'

/** A task as it waits in a collection, with the async context in which it was added. */
export class Entry extends AsyncResource {
  readonly #work: Work

  /** @throws `FST_BGT_INVALID_FUNCTION` */
  constructor (func: TaskFunction, args: unknown[]) {
    const work = func instanceof BackgroundTask ? func : new Call(func, args)
    super('BackgroundTask')
    this.#work = work
  }

  get task (): BackgroundTask {
    return this.#work instanceof BackgroundTask ? this.#work : new BackgroundTask(this.#work.func, ...this.#work.args)
  }

  /** Runs the task in its context. */
  run (): Promise<unknown> {
    return this.runInAsyncScope(this.#work.run, this.#work)
  }
}
