import { Call } from './call.js'
import { Callable } from './callable.js'
import { Collection } from './collection.js'
import type { ExecutionName } from './executions/execution.js'
import type { Executions } from './executions/index.js'
import { nameOf } from './task-name.js'
import type { Work } from './work.js'

/** A function that a task can run; only `any` lets functions of every signature in. */
export type TaskFunction = (...args: any[]) => any

export interface BackgroundTask<F extends TaskFunction = TaskFunction> {
  /** Runs the task, the same as {@link BackgroundTask.run}. */
  (): Promise<Awaited<ReturnType<F>>>
}

/**
 * A function with its arguments, run when it is awaited.
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
  readonly #work: Work

  /**
   * @param func the function itself
   * @param args its arguments; named ones travel as a trailing options object
   * @throws `FST_BGT_INVALID_FUNCTION` where `func` is no function, or a generator function (its body would never run)
   */
  constructor (func: F, ...args: Parameters<F>)
  /** @internal */
  constructor (work: Work)
  constructor (func: F | Work, ...args: unknown[]) {
    const work = func instanceof Collection || func instanceof Call ? func : new Call(func as F, args)
    super(work instanceof Collection ? closureOfCollection() : closureNamed(nameOf(work.func)))
    this.#work = work
  }

  /** @internal The call behind a task, unless a subclass runs it in a way of its own. */
  static callOf (task: BackgroundTask): Call | undefined {
    return task.#work instanceof Call && task.run === BackgroundTask.prototype.run ? task.#work : undefined
  }

  /** @internal The collection behind a task, where it is one. */
  static collectionOf (task: BackgroundTask): Collection | undefined {
    return task.#work instanceof Collection ? task.#work : undefined
  }

  /** The function. */
  get func (): F {
    return this.#work.func as F
  }

  /** Its arguments. */
  get args (): Parameters<F> {
    return this.#work.args as Parameters<F>
  }

  /** How the task runs. */
  get execution (): ExecutionName {
    return this.#work.execution
  }

  /** Runs the task: resolves to what its function returned, rejects with what it threw. */
  run (): Promise<Awaited<ReturnType<F>>>
  /** @internal */
  run (executions?: Executions): Promise<Awaited<ReturnType<F>>>
  run (executions?: Executions): Promise<Awaited<ReturnType<F>>> {
    return this.#work.run(executions) as Promise<Awaited<ReturnType<F>>>
  }
}

/** A computed key names a function at half the cost of `Object.defineProperty`. */
function closureNamed (name: string): () => unknown {
  const closure = { [name]: () => (closure as unknown as BackgroundTask).run() }[name] as () => unknown
  return closure
}

/** Each request that has tasks has a collection, so its closure has its name for nothing. */
function closureOfCollection (): () => unknown {
  const BackgroundTasks = (): unknown => (BackgroundTasks as unknown as BackgroundTask).run()
  return BackgroundTasks
}
