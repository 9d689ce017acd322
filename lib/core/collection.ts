import { Attempts } from './attempts.js'
import type { TaskFunction } from './background-task.js'
import { Entry } from './entry.js'
import { defaultExecutions, type Executions } from './executions/index.js'
import type { Lane } from './executions/execution.js'
import { HandedOver } from './handed-over.js'
import { currentHost, type TaskHost } from './task-run.js'
import type { Work } from './work.js'

/** What a failing task means for those after it in its collection. */
export type OnError = 'continue' | 'stop'

/** An ordered list of tasks, run one at a time. */
export class Collection implements Work {
  readonly args = []
  readonly execution = 'await'
  protected readonly onError: OnError
  /** Its tasks are a chain: a long array would be copied when the first one is taken off. */
  protected first: Entry | undefined
  protected last: Entry | undefined
  /** The task that is at work. */
  protected running: Entry | undefined
  /** Those at the tasks of the latest pass. */
  protected attempts: Attempts | undefined
  /** What was handed over, in the pass under way or before the next one. */
  protected handedOver: HandedOver | undefined
  readonly #executions: Executions
  /** The pass under way. */
  #pass: Promise<unknown[]> | undefined
  #isAbandoned = false

  constructor (onError: OnError, executions = defaultExecutions) {
    this.onError = onError
    this.#executions = executions
  }

  get func (): TaskFunction {
    return async () => await this.run()
  }

  /** Its tasks, in order. */
  get entries (): Entry[] {
    const entries: Entry[] = []
    for (let entry = this.first; entry !== undefined; entry = entry.next) entries.push(entry)
    return entries
  }

  add (func: TaskFunction, args: unknown[]): void {
    const entry = new Entry(func, args, this.#executions)
    if (this.last !== undefined) this.last.next = entry
    this.first ??= entry
    this.last = entry
  }

  /** Those of its tasks that may still run elsewhere. */
  get away (): Lane | undefined {
    return this.attempts?.away
  }

  /** Runs every task, and rejects with what one of them threw, or with an `AggregateError` where several did. */
  async run (executions?: Executions): Promise<void> {
    const errors = await this.pass(executions)
    if (errors.length === 1) throw errors[0]
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} background tasks failed`)
  }

  /** Runs every task, and resolves to what they threw. Joins the pass under way, if there is one. */
  pass (executions = this.#executions): Promise<unknown[]> {
    return (this.#pass ??= this.#runAll(executions, this.host))
  }

  /**
   * Hands over what goes to the queue, before its turn. A pass under way hands over its own.
   *
   * @throws `FST_BGT_QUEUE_UNAVAILABLE` where it cannot be stored
   */
  async handOverQueued (executions: Executions, host: TaskHost, comesNext: boolean): Promise<void> {
    if (this.#pass !== undefined) return

    this.handedOver ??= new HandedOver(executions, host, this.onError)
    await this.handedOver.handOverQueued(this.first, comesNext)
  }

  /** Takes back what was handed over before the next pass. */
  withdraw (): void {
    if (this.#pass !== undefined) return

    this.handedOver?.withdraw(this.first)
    this.handedOver = undefined
  }

  /** Whose its tasks are. */
  protected get host (): TaskHost {
    return currentHost()
  }

  /** Gives up what waits in the pass under way, and tells the task that is at work to stop. */
  abandon (reason: unknown): void {
    this.#isAbandoned = this.#pass !== undefined
    this.running?.abandon(reason)
  }

  /** The entry to run when `ran` was the last to do so in this pass, or none has run. */
  protected next (ran: Entry | undefined): Entry | undefined {
    if (this.#isAbandoned) return
    return ran === undefined ? this.first : ran.next
  }

  /** The task that `next` gave last has completed. */
  protected completed (entry: Entry): void {
    entry.renew()
  }

  /** The task that `next` gave last has failed for good. Says whether the pass goes on. */
  protected failed (_error: unknown, entry: Entry): boolean {
    entry.renew()
    return this.onError === 'continue'
  }

  async #runAll (executions: Executions, host: TaskHost): Promise<unknown[]> {
    // Who asked for the pass goes on first: the listeners of a response's `finish`, or the caller of addTask().
    await null
    const errors: unknown[] = []
    if (executions.haveLanes) this.handedOver ??= new HandedOver(executions, host, this.onError)
    this.attempts = new Attempts(executions, host, this.handedOver)

    for (let entry = this.next(undefined); entry !== undefined; entry = this.next(entry)) {
      this.running = entry
      try {
        await this.attempts.run(entry)
        this.completed(entry)
      } catch (error) {
        errors.push(error)
        if (this.onError === 'stop') this.handedOver?.withdraw(entry) // it may have failed before its turn
        if (!this.failed(error, entry)) break
      }
    }

    // In the same turn as the last look for a task: one that is added from now on begins a pass of its own.
    this.#pass = undefined
    this.#isAbandoned = false
    this.running = undefined
    this.handedOver = undefined
    return errors
  }
}
