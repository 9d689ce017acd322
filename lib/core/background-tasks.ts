import { BackgroundTask, type TaskFunction } from './background-task.js'
import { Collection, type OnError } from './collection.js'
import { describe } from './describe.js'
import { FST_BGT_INVALID_TASK } from './errors.js'
import type { Executions } from './executions/index.js'
import { checkOptions, oneOf } from './options.js'

/** Options of a collection. */
export interface CollectionOptions {
  /**
   * `'continue'`: the others run, and `run()` rejects once all have. `'stop'`: `run()` rejects at the first failure,
   * and those after it do not run.
   * @default 'continue'
   */
  onError?: OnError | undefined
}

/** The rule for `onError`, wherever it stands. */
export const onErrorRule = oneOf('continue', 'stop')

/**
 * An ordered list of tasks, run one at a time in the order in which they were added, whatever their execution. A
 * collection is a task itself, and may hold collections.
 *
 * @example
 * ```ts
 * const tasks = new BackgroundTasks([new BackgroundTask(sendWelcome, user.email)])
 * tasks.addTask(audit, 'user created', { id: user.id })
 * await tasks()
 * ```
 */
export class BackgroundTasks extends BackgroundTask<() => Promise<void>> {
  readonly #collection: Collection

  /**
   * @param tasks what it holds from the start
   * @throws `FST_BGT_INVALID_TASK` where `tasks` is no iterable of `BackgroundTask`s; `FST_BGT_INVALID_OPTION` for a
   * wrong or unknown option
   */
  constructor (tasks?: Iterable<BackgroundTask> | null, options?: CollectionOptions)
  /** @internal */
  constructor (collection: Collection)
  constructor (tasks: Iterable<BackgroundTask> | Collection | null = null, options: CollectionOptions = {}) {
    const collection = tasks instanceof Collection ? tasks : createCollection(tasks, options)
    super(collection)
    this.#collection = collection
  }

  /** The tasks, in order, as a frozen copy: {@link BackgroundTasks.addTask} adds one. */
  get tasks (): BackgroundTask[] {
    return Object.freeze(this.#collection.entries.map(({ task }) => task)) as BackgroundTask[]
  }

  /**
   * Adds a task at the end; where the collection is running, the task runs in the same pass. It runs in the async
   * context (`AsyncLocalStorage`) of this call.
   *
   * @param func the function itself; or a `BackgroundTask` or a collection, to run as it is
   * @param args the function's arguments; named ones travel as a trailing options object
   * @throws `FST_BGT_INVALID_FUNCTION` where `func` is no function; `FST_BGT_INVALID_TASK` where it is this collection
   */
  addTask<F extends TaskFunction> (func: F, ...args: Parameters<F>): void {
    if ((func as unknown) === this) throw new FST_BGT_INVALID_TASK('itself, for whose end it would wait for ever')
    this.#collection.add(func, args)
  }

  /**
   * Runs every task; a request's collection runs each of its tasks once. Where the collection is running already, it
   * joins that pass, so one of its own tasks must not await it.
   *
   * @returns resolves when all have ended; rejects with the error of the one that failed, or with an `AggregateError`
   * where several did
   */
  override run (): Promise<void>
  /** @internal */
  override run (executions?: Executions): Promise<void>
  override run (executions?: Executions): Promise<void> {
    return super.run(executions)
  }
}

function createCollection (tasks: Iterable<BackgroundTask> | null, options: CollectionOptions): Collection {
  checkOptions(options, { onError: onErrorRule })
  const collection = new Collection(options.onError ?? 'continue')
  if (tasks !== null) for (const task of checkTasks(tasks)) collection.add(task, [])
  return collection
}

function checkTasks (tasks: unknown): BackgroundTask[] {
  if (typeof tasks !== 'object' || tasks === null || !(Symbol.iterator in tasks)) {
    throw new FST_BGT_INVALID_TASK(describe(tasks))
  }

  const all = [...tasks as Iterable<unknown>]
  const wrong = all.findIndex((task) => !(task instanceof BackgroundTask))
  if (wrong !== -1) throw new FST_BGT_INVALID_TASK(`${describe(all[wrong])} at index ${wrong}`)
  return all as BackgroundTask[]
}
