import type { BackgroundTask, TaskFunction } from '../background-task.js'
import { optionsOf } from '../task-options.js'
import { hasSources } from '../task-registry.js'
import { TaskRun, type Identity, type Runnable, type TaskHost } from '../task-run.js'
import { AwaitExecution } from './await.js'
import type { Execution, ExecutionOptions, Tracer } from './execution.js'
import { InlineExecution } from './inline.js'
import { QueueExecution } from './queue.js'
import { ThreadExecution } from './thread.js'

/** The executions there are: an app has its own. */
export class Executions {
  /** The first that takes a function runs it, and the last takes any. */
  readonly #all: readonly Execution[]
  readonly #options: ExecutionOptions
  readonly #queue: QueueExecution
  #here: Executions | undefined

  constructor (options: ExecutionOptions) {
    this.#options = options
    this.#queue = new QueueExecution(options)
    this.#all = [this.#queue, new AwaitExecution(), new ThreadExecution(options), new InlineExecution(options)]
  }

  /** Whether one of them takes neighbouring tasks together. */
  get haveLanes (): boolean {
    return (this.#options.threads !== undefined || this.haveQueue) && hasSources()
  }

  /** Whether one of them is a queue. */
  get haveQueue (): boolean {
    return this.#options.queue !== undefined
  }

  /** Those of this process. */
  get here (): Executions {
    return this.haveQueue ? (this.#here ??= new Executions({ ...this.#options, queue: undefined })) : this
  }

  /** Whether a function goes to the queue. */
  queues (func: TaskFunction): boolean {
    return this.#queue.takes(func)
  }

  /** @throws `FST_BGT_ARGUMENT` where a function goes to the queue, and one of its arguments cannot */
  check (func: TaskFunction, args: unknown[]): void {
    if (this.#queue.takes(func)) this.#queue.check(func, args)
  }

  /** Chooses how a function runs. */
  of (func: TaskFunction): Execution {
    return this.#all.find((execution) => execution.takes(func)) as Execution
  }

  /** How often a function is tried again. */
  retriesOf (func: TaskFunction): number {
    if (this.#queue.takes(func)) return 0 // it is for the worker to try again
    return optionsOf(func).retries ?? this.#options.retries ?? 0
  }

  /** An attempt at a call. */
  begin (call: Runnable, host: TaskHost, identity: Identity, attempt: number): TaskRun {
    const { func } = call
    return new TaskRun(call, this.of(func), optionsOf(func).timeout ?? this.#options.timeout, host, identity, attempt)
  }

  /** Makes an attempt, and tells those who listen. */
  run (run: TaskRun): Promise<unknown> {
    const { tracer } = this.#options
    return tracer?.isOn ? tracer.trace(run, () => this.#start(run)) : this.#start(run)
  }

  /** Whether anybody listens. */
  get isTraced (): boolean {
    return this.#options.tracer?.isOn === true
  }

  /** Tells those who listen of an attempt that was handed over. */
  follow (run: TaskRun, promise: Promise<unknown>): Promise<unknown> {
    return (this.#options.tracer as Tracer).trace(run, () => promise)
  }

  #start (run: TaskRun): Promise<unknown> {
    return run.execution?.run(run) ?? run.call((task: BackgroundTask) => task.run(this), [run.work])
  }
}

/** What holds for tasks that no app runs. */
export const defaultOptions: ExecutionOptions = {}

/** For tasks that no app runs. */
export const defaultExecutions = new Executions(defaultOptions)
