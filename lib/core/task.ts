import { AsyncResource } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import { checkFunction, type TaskFunction } from './task-function.js'
import { nameOf } from './task-registry.js'
import { now } from './timers.js'

/** A function with its arguments, as it waits to be run once, with the async context in which it was added. */
export class Task extends AsyncResource {
  readonly func: TaskFunction
  readonly args: readonly unknown[]
  /** The name of a task that runs in a way of its own, such as a collection: its attempts take no slot, those of its tasks do. */
  readonly ownName: string | undefined
  /** When it was added, in milliseconds, by `now()`; if a job holds it, when that was stored. */
  addedAt = now()
  /** The one behind it in its collection. */
  next: Task | undefined = undefined
  /** How many attempts at it have failed. */
  failures = 0
  #id: string | undefined = undefined

  /** @throws `FST_BGT_INVALID_FUNCTION` */
  constructor (func: TaskFunction, args: readonly unknown[], ownName?: string, id?: string) {
    checkFunction(func)
    super('BackgroundTask')
    this.func = func
    this.args = args
    this.ownName = ownName
    this.#id = id
  }

  /** A UUID, made when somebody asks for it first. */
  get id (): string {
    return (this.#id ??= randomUUID())
  }

  get name (): string {
    return this.ownName ?? nameOf(this.func)
  }

  /** The same, to be run once more, in the same async context. */
  again (): Task {
    return this.runInAsyncScope(() => new Task(this.func, this.args, this.ownName))
  }

  /** Nothing that prints it prints the arguments. */
  [inspect.custom] (): string {
    return `Task ${this.name}`
  }
}
