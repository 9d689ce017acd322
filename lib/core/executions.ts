import type { Attempt, ExecutionName } from './attempt.js'
import { kindOf } from './describe.js'
import type { TaskFunction } from './task-function.js'
import { optionsOf } from './task-options.js'
import { sourceOf } from './task-registry.js'
import { nextTurn, now } from './timers.js'

/** One way of running tasks in this process. */
export interface Execution {
  readonly name: ExecutionName
  /** Whether this function runs in this way. */
  takes (func: TaskFunction): boolean
  /**
   * Refuses arguments that cannot be handed over, as far as that is seen cheaply.
   *
   * @throws `FST_BGT_ARGUMENT`
   */
  check? (func: TaskFunction, args: readonly unknown[]): void
  /** Makes an attempt. Resolves to what its function returned; rejects with what it threw, or throws it. */
  run (attempt: Attempt): Promise<unknown>
  /**
   * Makes attempts at neighbors of a collection one after the other, up to the first that fails, or fewer. Describes each as
   * it ends. When it resolves at least one has ended, and only the last of them may have failed.
   */
  runTogether? (attempts: readonly Attempt[], ended: (outcome: PromiseSettledResult<unknown>) => void): Promise<void>
}

/** An async function: called at once, and awaited on the event loop. */
export class AwaitExecution implements Execution {
  readonly name = 'await'

  takes (func: TaskFunction): boolean {
    return kindOf(func) === 'AsyncFunction'
  }

  /** A mock or a proxy of an async function has its tag, and returns or throws what it likes. */
  run (attempt: Attempt): Promise<unknown> {
    const result = attempt.call()
    return result instanceof Promise ? attempt.limited(result) : Promise.resolve(result)
  }
}

/** Told after each inline call: its function, and how long that has blocked the event loop, in milliseconds. */
export type RanInline = (func: TaskFunction, duration: number) => void

/** Any other function: called on the main thread in a turn of its own, so that pending I/O is served between two tasks. */
export class InlineExecution implements Execution {
  readonly name = 'inline'
  readonly #ran: RanInline | undefined

  constructor (ran?: RanInline) {
    this.#ran = ran
  }

  takes (): boolean {
    return true
  }

  async run (attempt: Attempt): Promise<unknown> {
    await nextTurn()
    if (attempt.isAborted) return // its app has closed without it
    const result = this.#call(attempt)
    return result instanceof Promise ? await attempt.limited(result) : result
  }

  #call (attempt: Attempt): unknown {
    if (this.#ran === undefined) return attempt.call()

    const start = now()
    try {
      return attempt.call()
    } finally {
      attempt.inContext(this.#ran, attempt.task.func, now() - start)
    }
  }
}

/** What an app says about how its tasks run. */
export interface ExecutionOptions {
  /** The longest that an attempt may take, in milliseconds, unless its function has a `timeout` of its own. */
  readonly timeout?: number | undefined
  /** How often a task that has failed is retried, unless its function has `retries` of its own. */
  readonly retries?: number | undefined
  /** How long the first retry waits, in milliseconds. */
  readonly backoff?: number | undefined
  readonly ranInline?: RanInline | undefined
}

/** The executions of an app, in the order in which they are asked. */
export class Executions {
  readonly options: ExecutionOptions
  readonly #all: Execution[]

  /** @param more those besides await and inline, such as threads */
  constructor (options: ExecutionOptions = {}, more: readonly Execution[] = []) {
    this.options = options
    this.#all = [new AwaitExecution(), ...more, new InlineExecution(options.ranInline)]
  }

  /** Adds one, which is asked before the inline execution. */
  add (execution: Execution): void {
    this.#all.splice(-1, 0, execution)
  }

  /** Chooses how a function runs: the last execution takes any. */
  of (func: TaskFunction): Execution {
    return this.#all.find((execution) => execution.takes(func)) as Execution
  }

  /**
   * Refuses arguments that cannot be handed over.
   *
   * @throws `FST_BGT_ARGUMENT`
   */
  check (func: TaskFunction, args: readonly unknown[]): void {
    if (sourceOf(func) !== undefined) this.of(func).check?.(func, args)
  }

  timeoutOf (func: TaskFunction): number | undefined {
    return optionsOf(func).timeout ?? this.options.timeout
  }

  retriesOf (func: TaskFunction): number {
    return optionsOf(func).retries ?? this.options.retries ?? 0
  }
}

/** For tasks that no app runs. */
export const defaultExecutions = new Executions()
