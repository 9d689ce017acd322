import type { Attempt } from './attempt.js'
import { discardedError, FST_BGT_INVALID_OPTION } from './errors.js'
import type { OnError, OpenCollection, Outbox, Owner } from './owner.js'
import { begin, isTraced, makeTogether, mayRetry, nextAttempt } from './run-task.js'
import { optionsOf } from './task-options.js'
import type { Task } from './task.js'

/** Most collections never have a failure or a task to store. */
const none: never[] = []

/** The most tasks of a segment. */
const longestSegment = 256

/** Tasks that wait, in order. Each runs once. */
export class Collection implements OpenCollection {
  readonly owner: Owner
  readonly #onError: OnError
  readonly #concurrency: number
  index = -1
  /** The tasks that wait, as a chain: the first of very many is taken off without moving the others. */
  #first: Task | undefined = undefined
  #last: Task | undefined = undefined
  /** What was begun and has not ended: attempts that run, or wait for a thread, a slot or their retry. */
  readonly #attempts: Array<Attempt<Owner>> = []
  /** Those of the tasks that wait which are to be stored. */
  #outbox: Outbox | undefined = undefined
  /** Those that are being stored. */
  #storing: readonly Task[] = none
  /** The pass under way, and what ends it. */
  #pass: Promise<unknown[]> | undefined = undefined
  #endPass: ((errors: unknown[]) => void) | undefined = undefined
  #errors: unknown[] = none
  #loops = 0
  #isAbandoned = false

  /** @param concurrency how many of its tasks run at once */
  constructor (owner: Owner, onError: OnError, concurrency = 1) {
    this.owner = owner
    this.#onError = onError
    this.#concurrency = concurrency
  }

  /** The tasks that have not ended, in order. */
  get tasks (): Task[] {
    return [...this.#attempts.map(({ task }) => task), ...this.#storing, ...this.#waiting]
  }

  get running (): number {
    let count = 0
    for (const { isRunning } of this.#attempts) if (isRunning) count++
    return count
  }

  /**
   * Adds a task. While a pass is under way, it runs in that.
   *
   * @throws `FST_BGT_QUEUE_FULL`, `FST_BGT_CLOSED`, `FST_BGT_ARGUMENT`
   */
  add (task: Task): void {
    const { owner } = this
    owner.admit?.(task)
    if (owner.store?.takes(task.func) === true) {
      const outbox = this.#outbox ?? owner.store.open({ onError: this.#onError, request: owner.request })
      outbox.add(task)
      this.#outbox = outbox
    } else owner.executions.check(task.func, task.args)
    if (this.#isEmpty) owner.opened?.(this)
    this.#append(task)
    owner.added?.(task)
    if (this.#pass !== undefined) this.#go()
  }

  /** Runs what waits, and what is added meanwhile. Joins the pass under way. Resolves to what tasks have thrown. */
  run (): Promise<unknown[]> {
    if (this.#pass !== undefined) return this.#pass

    const pass = this.#pass = new Promise((resolve) => { this.#endPass = resolve })
    this.#go()
    this.#endIfDone()
    return pass
  }

  /**
   * Stores now what is to be stored.
   *
   * @throws `FST_BGT_QUEUE_UNAVAILABLE`
   */
  async store (): Promise<void> {
    const outbox = this.#takeOutbox()
    if (outbox === undefined) return

    try {
      await outbox.store()
    } catch (error) {
      this.#wait(outbox.tasks)
      throw error
    }
    this.#stored(outbox.tasks)
  }

  /**
   * Stores now what is to be stored, through a client of the application: in the transaction that it has open. What cannot be
   * stored waits as before.
   *
   * @throws `FST_BGT_INVALID_OPTION` if that is not possible with this queue or this client; what the server refuses
   */
  async storeIn (client: unknown): Promise<void> {
    const order = this.#waiting
    const { store, request } = this.owner
    const outbox = this.#outbox ?? store?.open({ onError: this.#onError, request })
    if (outbox?.storeIn === undefined) throw noQueueError()

    this.#takeOutbox()
    try {
      await outbox.storeIn(client)
      this.#stored(outbox.tasks)
    } catch (error) {
      this.#waitAsBefore(outbox, order)
      throw error
    } finally {
      this.#endIfDone()
    }
  }

  /** Whether anything waits to be stored. */
  get hasToStore (): boolean {
    return this.#outbox !== undefined
  }

  /** Takes back what waits, for a slot too: it will not run. */
  discard (): Task[] {
    const inLine = this.#attempts.filter(({ turn }) => turn?.isWaiting)
    const tasks = [...inLine.map(({ task }) => task), ...this.#waiting]
    for (const attempt of inLine) {
      this.#forget(attempt)
      attempt.abort(discardedError())
    }
    this.#first = this.#last = this.#outbox = undefined
    if (tasks.length > 0) {
      this.owner.discarded?.(tasks)
      this.#closeIfEmpty()
    }
    return tasks
  }

  abandon (reason: unknown): void {
    const { owner } = this
    const attempts = this.#attempts.splice(0)
    const waiting = [...this.#storing, ...this.#waiting]
    this.#isAbandoned = true
    this.#first = this.#last = this.#outbox = undefined
    this.#storing = none
    for (const attempt of attempts) {
      const { isRunning } = attempt
      attempt.abort(reason)
      owner.unfinished?.(attempt.task, isRunning ? attempt : undefined)
    }
    for (const task of waiting) owner.unfinished?.(task, undefined)
    owner.closed?.(this)
    this.#endPass?.([])
  }

  /** Begins what a pass has to do: stores, and runs as many tasks at once as it may. */
  #go (): void {
    if (this.#outbox !== undefined) queueMicrotask(() => { this.#storeInPass() })
    for (let task = this.#first; task !== undefined && this.#loops < this.#concurrency; task = task.next) {
      this.#loops++
      this.#runTasks()
    }
  }

  /** The one loop: takes the next tasks, tries them, reports, goes on. A parallel group has several under way. */
  async #runTasks (): Promise<void> {
    await null // whoever asked for the pass goes on first
    while (this.#first !== undefined && this.owner.signal?.aborted !== true) {
      if (this.#outbox !== undefined) { // what is to be stored is not taken
        this.#storeInPass()
        continue
      }
      const segment = this.#take(this.#first)
      let failure: Failure | undefined
      if (Array.isArray(segment)) failure = await this.#trySegment(segment)
      else {
        try {
          await begin(segment)
          this.#completed(segment)
        } catch (error) {
          segment.ended()
          failure = { attempt: segment, error }
        }
      }
      if (failure === undefined || this.#isAbandoned) continue

      if (!this.#isStopping && await mayRetry(failure.error, failure.attempt)) this.#putBack(failure.attempt)
      else this.#failed(failure)
    }
    this.#loops--
    this.#endIfDone()
  }

  async #trySegment (attempts: Array<Attempt<Owner>>): Promise<Failure | undefined> {
    let failure: Failure | undefined
    const left = new Set(attempts)
    await makeTogether(attempts, (attempt, outcome) => {
      left.delete(attempt)
      if (outcome.status === 'fulfilled') this.#completed(attempt)
      else failure = { attempt, error: outcome.reason }
    })
    for (const attempt of [...left].reverse()) this.#putBack(attempt)
    return failure
  }

  /** Takes the next segment: the first task, and the neighbors that its execution takes along, if there are any. */
  #take (first: Task): Attempt<Owner> | Array<Attempt<Owner>> {
    const { owner } = this
    const attempt = nextAttempt(first, owner)
    const neighbors = this.#neighborsOf(first)
    const end = neighbors?.at(-1) ?? first
    this.#first = end.next
    if (this.#first === undefined) this.#last = undefined
    this.#attempts.push(attempt)
    if (neighbors === undefined) return attempt

    const segment = [attempt]
    for (const task of neighbors) {
      const next = nextAttempt(task, owner)
      segment.push(next)
      this.#attempts.push(next)
    }
    return segment
  }

  #neighborsOf (first: Task): Task[] | undefined {
    const { executions } = this.owner
    const execution = executions.of(first.func)
    if (execution.runTogether === undefined || first.next === undefined || this.#concurrency > 1 || isBounded(first) || isTraced()) return

    const neighbors: Task[] = []
    for (let task: Task | undefined = first.next; task !== undefined && neighbors.length < longestSegment - 1 && executions.of(task.func) === execution && !isBounded(task); task = task.next) neighbors.push(task)
    return neighbors.length > 0 ? neighbors : undefined
  }

  /** Whether nothing new begins, as one of a parallel group has failed. */
  get #isStopping (): boolean {
    return this.#onError === 'stop' && this.#concurrency > 1 && this.#errors.length > 0
  }

  /** An attempt was not made, or is to be made again: its task is the next. */
  #putBack (attempt: Attempt<Owner>): void {
    const { task } = attempt
    if (!this.#forget(attempt)) return

    task.next = this.#first
    this.#first = task
    this.#last ??= task
  }

  #completed (attempt: Attempt<Owner>): void {
    attempt.ended()
    if (!this.#forget(attempt)) return

    this.owner.completed?.(attempt)
    this.#closeIfEmpty()
  }

  #failed ({ attempt, error }: Failure): void {
    if (!this.#forget(attempt)) return

    if (this.#errors === none) this.#errors = [error]
    else if (this.#onError === 'continue') this.#errors.push(error)
    const skipped = this.#onError === 'stop' ? this.#stop() : []
    this.owner.failed?.(error, attempt, skipped)
    this.#closeIfEmpty()
  }

  /** Nothing new begins: neither what waits nor, in a parallel group, a retry. */
  #stop (): Task[] {
    const skipped = this.discard()
    for (const attempt of this.#attempts) if (attempt.duration !== undefined) attempt.abort(discardedError())
    return skipped
  }

  /** It is under way no more. False if it was abandoned. */
  #forget (attempt: Attempt<Owner>): boolean {
    const index = this.#attempts.indexOf(attempt)
    if (index === -1) return false

    if (index === this.#attempts.length - 1) this.#attempts.pop() // mostly there is one
    else this.#attempts.splice(index, 1)
    attempt.task.next = undefined // whoever keeps it keeps none of those that came behind it
    return true
  }

  /** What cannot be stored runs in this process: in its order if that is known before, else behind the others. */
  #storeInPass (): void {
    if (this.#outbox?.isAway === true) {
      this.#outbox = undefined
      return
    }
    const outbox = this.#takeOutbox()
    outbox?.store().then(() => { this.#stored(outbox.tasks) }, () => {
      this.#wait(outbox.tasks)
      this.#go()
    }).finally(() => { this.#endIfDone() })
  }

  /** Takes the tasks that are to be stored out of those that wait. */
  #takeOutbox (): Outbox | undefined {
    const outbox = this.#outbox
    this.#outbox = undefined
    if (outbox === undefined) return

    const stored = new Set(outbox.tasks)
    this.#waitInstead(this.#waiting.filter((task) => !stored.has(task)))
    this.#storing = [...this.#storing, ...outbox.tasks]
    return outbox
  }

  #stored (tasks: readonly Task[]): void {
    if (!this.#isStoring(tasks)) return

    this.owner.stored?.(tasks)
    this.#closeIfEmpty()
  }

  /** They could not be stored, and wait behind the others. */
  #wait (tasks: readonly Task[]): void {
    if (this.#isStoring(tasks)) for (const task of tasks) this.#append(task)
  }

  /** They could not be stored, and wait to be, in the order in which all of them were. */
  #waitAsBefore (outbox: Outbox, order: readonly Task[]): void {
    if (!this.#isStoring(outbox.tasks)) return

    const waiting = this.#waiting
    const there = new Set([...outbox.tasks, ...waiting])
    this.#waitInstead(new Set([...order.filter((task) => there.has(task)), ...waiting]))
    if (this.#outbox !== undefined) outbox.join?.(this.#outbox)
    this.#outbox = outbox
    if (this.#pass !== undefined) this.#go()
  }

  /** They are being stored no more. False if they were abandoned. */
  #isStoring (tasks: readonly Task[]): boolean {
    const before = this.#storing.length
    this.#storing = this.#storing.filter((task) => !tasks.includes(task))
    return this.#storing.length < before
  }

  /** These wait from now on, and no others. */
  #waitInstead (tasks: Iterable<Task>): void {
    this.#first = this.#last = undefined
    for (const task of tasks) this.#append(task)
  }

  #append (task: Task): void {
    task.next = undefined
    if (this.#last === undefined) this.#first = task
    else this.#last.next = task
    this.#last = task
  }

  get #waiting (): Task[] {
    const tasks: Task[] = []
    for (let task = this.#first; task !== undefined; task = task.next) tasks.push(task)
    return tasks
  }

  get #isEmpty (): boolean {
    return this.#first === undefined && this.#attempts.length === 0 && this.#storing.length === 0
  }

  #closeIfEmpty (): void {
    if (this.#isEmpty) this.owner.closed?.(this)
  }

  #endIfDone (): void {
    if (this.#loops > 0 || this.#storing.length > 0 || this.#outbox !== undefined) return

    const wasStopped = this.#first !== undefined && this.#errors === none // with the task within which it runs
    const errors = wasStopped ? [this.owner.signal?.reason] : this.#errors
    const end = this.#endPass
    this.#errors = none
    this.#pass = this.#endPass = undefined
    end?.(errors)
  }
}

/** Why nothing can be stored in a transaction. */
export function noQueueError (): Error {
  return new FST_BGT_INVALID_OPTION('queue', "storeIn() needs a queue on PostgreSQL, and there is none; register the plugin with { queue: 'postgres://…' }, and call request.backgroundTasks.storeIn(client), or fastify.backgroundTasks.storeIn(client, collection)")
}

interface Failure {
  readonly attempt: Attempt<Owner>
  readonly error: unknown
}

/** Whether its function takes slots of its own. */
function isBounded ({ func }: Task): boolean {
  return optionsOf(func).concurrency !== undefined
}
