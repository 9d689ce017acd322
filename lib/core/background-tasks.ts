import { AsyncResource } from 'node:async_hooks'
import { BackgroundTask, type TaskFunction } from './background-task.js'
import { describe } from './describe.js'
import { FST_BGT_INVALID_TASK } from './errors.js'
import { checkOptions, oneOf } from './options.js'

/** What a failing task means for those after it in its collection. */
export type OnError = 'continue' | 'stop'

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

/** A task in a collection, with the async context in which it was added. */
export interface Entry {
  readonly task: BackgroundTask
  readonly context: AsyncResource
}

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
  /** @internal */
  protected readonly entries: Entry[] = []
  /** @internal */
  protected onError: OnError = 'continue'
  /** The pass under way. */
  #pass: Promise<void> | undefined

  /**
   * @param tasks what it holds from the start
   * @throws `FST_BGT_INVALID_TASK` where `tasks` is no iterable of `BackgroundTask`s; `FST_BGT_INVALID_OPTION` for a
   * wrong or unknown option
   */
  constructor (tasks?: Iterable<BackgroundTask> | null, options?: CollectionOptions) {
    super({ BackgroundTasks: async () => await this.run() }.BackgroundTasks)
    if (options !== undefined) {
      checkOptions(options, { onError: onErrorRule })
      this.onError = options.onError ?? 'continue'
    }
    if (tasks != null) this.#addAll(tasks)
  }

  /** The tasks, in order, as a frozen copy: {@link BackgroundTasks.addTask} adds one. */
  get tasks (): BackgroundTask[] {
    return Object.freeze(this.entries.map(({ task }) => task)) as BackgroundTask[]
  }

  /**
   * Adds a task at the end; where the collection is running, the task runs in the same pass. It runs in the async
   * context (`AsyncLocalStorage`) of this call.
   *
   * @param func the function itself; or a `BackgroundTask` or a collection, to run as it is
   * @param args the function's arguments; named ones travel as a trailing options object
   * @throws `FST_BGT_INVALID_FUNCTION` where `func` is no function
   */
  addTask<F extends TaskFunction> (func: F, ...args: Parameters<F>): void {
    this.add(func instanceof BackgroundTask ? func : new BackgroundTask(func, ...args))
  }

  /**
   * Runs every task. Where the collection is running already, it joins that pass.
   *
   * @returns resolves when all have ended; rejects with the error of the one that failed, or with an `AggregateError`
   * where several did
   */
  override run (): Promise<void> {
    if (this.#pass === undefined && this.entries.length > 0) this.#pass = this.#runAll()
    return this.#pass ?? Promise.resolve()
  }

  /** @internal */
  protected add (task: BackgroundTask): void {
    this.entries.push({ task, context: new AsyncResource('BackgroundTask') })
  }

  /** @internal The entry to run when `ran` have run in this pass. */
  protected next (ran: number): Entry | undefined {
    return this.entries[ran]
  }

  /** @internal */
  protected async runEntry ({ task, context }: Entry): Promise<void> {
    await context.runInAsyncScope(task.run, task)
  }

  async #runAll (): Promise<void> {
    const errors: unknown[] = []

    for (let ran = 0, entry = this.next(ran); entry !== undefined; entry = this.next(++ran)) {
      try {
        await this.runEntry(entry)
      } catch (error) {
        errors.push(error)
        if (this.onError === 'stop') break
      }
    }

    // In the same turn as the last look for a task: one that is added from now on begins a pass of its own.
    this.#pass = undefined
    if (errors.length === 1) throw errors[0]
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} background tasks failed`)
  }

  #addAll (tasks: unknown): void {
    if (typeof tasks !== 'object' || tasks === null || !(Symbol.iterator in tasks)) {
      throw new FST_BGT_INVALID_TASK(describe(tasks))
    }
    const all = [...tasks as Iterable<unknown>]
    for (const [index, task] of all.entries()) {
      if (!(task instanceof BackgroundTask)) throw new FST_BGT_INVALID_TASK(`${describe(task)} at index ${index}`)
    }
    for (const task of all) this.add(task as BackgroundTask)
  }
}
