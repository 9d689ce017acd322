import type { ExecutionName } from './attempt.js'
import { thrownBy } from './errors.js'
import { currentOwner, type Owner } from './owner.js'
import { runTask } from './run-task.js'
import { Callable, checkFunction, type TaskFunction } from './task-function.js'
import { nameOf } from './task-registry.js'
import { Task } from './task.js'

export interface BackgroundTask<F extends TaskFunction = TaskFunction> {
  /** Runs the task, the same as {@link BackgroundTask.run}. */
  (): Promise<Awaited<ReturnType<F>>>
}

/**
 * A function with its arguments. It runs when you call it.
 *
 * @example
 * ```ts
 * const task = new BackgroundTask(sendWelcome, 'ada@example.com', { subject: 'Welcome' })
 * await task() // resolves to what sendWelcome returned
 * ```
 */
export class BackgroundTask<F extends TaskFunction = TaskFunction> extends Callable {
  /** The name under which the function's task module exports it (`emails.sendWelcome`); else the function's, or `anonymous`. */
  declare readonly name: string
  readonly #func: F
  readonly #args: Parameters<F>

  /**
   * @param func the function itself
   * @param args its arguments
   * @throws `FST_BGT_INVALID_FUNCTION` if `func` is not a function, or one that a task cannot run
   */
  constructor (func: F, ...args: Parameters<F>) {
    try {
      checkFunction(func)
    } catch (error) {
      throw thrownBy(new.target, error)
    }
    super(nameOf(func))
    this.#func = func
    this.#args = args
  }

  /** The function. */
  get func (): F { return this.#func }

  /** Its arguments. */
  get args (): Parameters<F> { return this.#args }

  /** How it runs. */
  get execution (): ExecutionName {
    const { executions, store } = owners.get(this) ?? currentOwner()
    return owners.has(this) && store?.takes(this.#func) === true ? 'queue' : executions.of(this.#func).name
  }

  /**
   * Runs the task.
   *
   * @returns what the function returned; if it throws, the promise rejects with that
   */
  run (): Promise<Awaited<ReturnType<F>>> {
    return runTask(new Task(this.#func, this.#args), currentOwner()) as Promise<Awaited<ReturnType<F>>>
  }
}

const fronts = new WeakMap<Task, BackgroundTask>()
/** Whose collection they are in. */
const owners = new WeakMap<BackgroundTask, Owner>()

/**
 * A function with its arguments, or a `BackgroundTask`, as it waits in a collection.
 *
 * @throws `FST_BGT_INVALID_FUNCTION`
 */
export function taskOf (func: TaskFunction, args: readonly unknown[]): Task {
  if (!(func instanceof BackgroundTask)) return new Task(func, args)

  // One with a run() of its own runs in that way, as a collection does.
  const task = func.run === BackgroundTask.prototype.run ? new Task(func.func, func.args) : new Task(async () => await func.run(), [], func.name)
  fronts.set(task, func)
  return task
}

/** A task as users see it. */
export function frontOf (task: Task, owner?: Owner): BackgroundTask {
  let front = fronts.get(task)
  if (front === undefined) {
    front = new BackgroundTask(task.func, ...task.args)
    fronts.set(task, front)
    if (owner !== undefined) owners.set(front, owner)
  }
  return front
}
