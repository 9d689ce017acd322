import { availableParallelism } from 'node:os'
import type { Attempt } from '../core/attempt.js'
import { InlineExecution } from '../core/executions.js'
import { optionsOf } from '../core/task-options.js'
import type { TaskSource } from '../core/task-registry.js'
import { clearInterval, now, setImmediate, setInterval } from '../core/timers.js'
import { Batch } from './batch.js'
import { crashOf, failedToStart, failureOf, slowToLoad, stopped, unreadable } from './failures.js'
import { fromErrorData, fromLogData, fromLogFields, type LogLine, open } from './messages.js'
import { Progress, Status, Stop } from './progress.js'
import { Segment } from './segment.js'
import type { ThreadOptions } from './thread-options.js'
import { Threads, within } from './threads.js'
import { isAborted, WaitingSegments } from './waiting-segments.js'

/** How often the pool looks at what its threads are doing, while they are doing something, in milliseconds. */
const interval = 5
/** How long a task module may take to load in a thread, in milliseconds. */
const longestLoad = 60_000
/** How long a task that listens to its signal has, from when that aborts until its thread is stopped, in milliseconds. */
const longestFarewell = 200
/** How often a thread may end before it has begun with a task. */
const mostFailedStarts = 3
/** After how many looks at a batch that is over the outcomes that have not arrived are given up. */
const longestTelling = 200

/** Hears what belongs to no running task. What it throws is ignored. */
export interface PoolEvents {
  /** A callback of a task has thrown after the task had ended. */
  thrown (error: unknown, task: string | undefined): void
  /** A task has logged a line after it had ended. */
  logged (line: LogLine): void
  /** The function of a task is not declared `async`, and has returned a promise. */
  returnedPromise (task: string): void
  /** No thread can be created: from now on tasks run inline. */
  noThreads (error: unknown): void
}

/** Runs attempts in worker threads: decides which of them go to which thread, and watches their progress. */
export class ThreadPool {
  readonly #max: number
  readonly #events: PoolEvents
  readonly #threads: Threads
  readonly #waiting = new WaitingSegments()
  /** Batches that are with threads, or of which an outcome is on its way, by their ids. */
  readonly #batches = new Map<number, Batch>()
  #lastId = 0
  /** Free for the next batch. */
  readonly #progresses: Progress[] = []
  #isDispatching = false
  #timer: NodeJS.Timeout | undefined = undefined
  /** Whether a thread has ever begun with a batch, and how often one has failed to before. */
  #hasStarted = false
  #failedStarts = 0
  /** Functions that have returned promises. */
  readonly #asynchronous = new WeakSet<TaskSource>()

  /** @param file the module that runs batches in a thread */
  constructor (file: string, options: ThreadOptions, events: PoolEvents) {
    this.#max = options.max ?? Math.max(1, availableParallelism() - 1)
    this.#events = events
    this.#threads = new Threads(file, this.#max, options, (message) => { this.#received(message) })
  }

  /** False once it is known that no thread can be created. */
  get isUsable (): boolean {
    return this.#threads.areAvailable
  }

  /**
   * Makes attempts one after the other, up to the first that fails.
   *
   * @param ended called for each as it ends, in order
   */
  run (attempts: readonly Attempt[], ended: (outcome: PromiseSettledResult<unknown>) => void): Promise<void> {
    const segment = new Segment(attempts, ended)
    if (this.isUsable) this.#enqueue(segment)
    else runInline(segment)
    return segment.promise
  }

  /** Stops all threads. What is still with them, or waits for them, fails. */
  async close (): Promise<void> {
    const batches = [...this.#batches.values()]
    for (const segment of this.#waiting.clear()) segment.stop(stopped)
    await within(longestFarewell, batches.filter((batch) => batch.leave(stopped)).map(({ end }) => end))
    for (const { slices } of batches) for (const { segment } of slices) segment.stop(stopped)
    await this.#threads.close()
    for (const { isOver, controller } of batches) if (!isOver) controller.abort() // it waited for a thread that was not ready
  }

  /** @param isNext whether it goes ahead of the others, as it had its turn already */
  #enqueue (segment: Segment, isNext = false): void {
    this.#waiting.add(segment, isNext)
    if (!this.#isDispatching) this.#threads.inContext(() => { this.#schedule() })
  }

  /** What comes in the same turn of the event loop travels together. */
  #schedule (): void {
    this.#isDispatching = true
    this.#timer ??= setInterval(() => { this.#look() }, interval)
    setImmediate(() => {
      this.#isDispatching = false
      this.#dispatch()
    })
  }

  #dispatch (): void {
    for (let free = this.#free; free > 0 && !this.#waiting.isEmpty; free = this.#free) {
      const batch = new Batch(++this.#lastId, this.#progresses.pop() ?? new Progress())
      // Its arguments may be more than a thread can hold: it fails without its neighbors.
      const goesAlone = ({ failedStarts }: Segment): boolean => failedStarts > 0 && this.#hasStarted
      for (const segment of this.#waiting.fill(batch, free, goesAlone)) segment.stop((attempt) => attempt.owner.signal?.reason ?? stopped(attempt))
      if (batch.calls.length > 0) this.#send(batch)
    }
  }

  /** How many more batches may be with threads. */
  get #free (): number {
    let free = this.#max
    for (const { isOver } of this.#batches.values()) if (!isOver) free--
    return free
  }

  #send (batch: Batch): void {
    this.#batches.set(batch.id, batch)
    batch.end = this.#threads.run(batch).then(
      () => { this.#ended(batch) },
      (error: unknown) => {
        if (this.isUsable) this.#crashed(batch, error)
        else this.#runAllInline(error)
      }
    )
  }

  /** No thread can be created: what waits runs inline, and so does what comes. */
  #runAllInline (error: unknown): void {
    const segments = [...this.#batches.values()].flatMap((batch) => batch.takeBack()).concat(this.#waiting.clear())
    this.#batches.clear()
    if (segments.length > 0) this.#tell('noThreads', error)
    for (const segment of segments) runInline(segment)
  }

  #received (envelope: unknown): void {
    const message = open(envelope)
    if (message === undefined) return
    if (message.kind === 'late') return this.#tell('thrown', fromErrorData(message.error), message.task)

    const batch = this.#batches.get(message.batch)
    const found = batch?.attemptOf(message.call)
    if (message.kind === 'log') return this.#logged(message.line, found?.attempt)
    if (batch === undefined || found === undefined) return // it is settled, or was given up

    const { segment, index, attempt } = found
    if (message.kind === 'promise') this.#returnedPromise(attempt, segment.sources[index] as TaskSource)
    if (message.kind === 'crash') batch.crash = fromErrorData(message.error)
    if (message.kind === 'failure') segment.reject(index, failureOf(attempt, message.failure))
    if (message.kind === 'result') segment.settle(index, { status: 'fulfilled', value: message.value })
    if (batch.isOver) this.#goOn(batch)
  }

  #logged (line: LogLine, attempt: Attempt | undefined): void {
    const args = fromLogData(line.args)
    const bindings = fromLogFields(line.bindings)
    if (attempt === undefined) return this.#tell('logged', { ...line, args, bindings })

    try {
      attempt.inContext(() => { attempt.context.log.child(bindings)[line.level](...args as [unknown]) })
    } catch {} // a logger's serializers are users' code, and the task cannot be told any more
  }

  /** Says so once, unless the function was given the option. */
  #returnedPromise ({ task }: Attempt, source: TaskSource): void {
    if (this.#asynchronous.has(source) || optionsOf(task.func).thread !== undefined) return

    this.#asynchronous.add(source)
    this.#tell('returnedPromise', task.name)
  }

  #tell<Event extends keyof PoolEvents> (event: Event, ...args: Parameters<PoolEvents[Event]>): void {
    try {
      (this.#events[event] as (...args: unknown[]) => void)(...args)
    } catch {} // nothing that logs reaches the process
  }

  /** Looks at what the threads are doing. */
  #look (): void {
    for (const batch of this.#batches.values()) {
      batch.advance()
      if (!batch.isOver) this.#lookAt(batch)
      else if (++batch.looksOver >= longestTelling) this.#giveUpMessages(batch)
      this.#goOn(batch)
    }
    if (this.#batches.size > 0 || !this.#waiting.isEmpty) return

    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #lookAt (batch: Batch): void {
    const current = batch.current()
    if (current !== undefined) this.#limit(batch, current)
    if (now() >= batch.stopAt) batch.controller.abort()
    if (batch.hasBegun && ++batch.looks > 1) for (const segment of batch.takeBack().reverse()) this.#enqueue(segment, true)
  }

  /** Tells a call to stop if it has taken too long, or its task is not wanted any more. */
  #limit (batch: Batch, { segment, index, attempt, call, status }: NonNullable<ReturnType<Batch['current']>>): void {
    const { progress } = batch
    if (status === Status.running) attempt.startedAt ??= progress.startedAt(call)
    if (isAborted(attempt)) batch.askToStop(call, Stop.closing)

    const limit = status === Status.loading ? longestLoad : attempt.timeout
    if (limit === undefined || progress.elapsed(call) <= limit || !progress.condemn(call, status)) return

    batch.stopAt = now() + (batch.askToStop(call, Stop.timeout) ? longestFarewell : 0)
    segment.reject(index, status === Status.loading ? slowToLoad(attempt, limit) : attempt.timedOut())
  }

  #ended (batch: Batch): void {
    this.#hasStarted = true
    for (const [source, duration] of batch.durations()) this.#waiting.learn(source, duration)
    batch.finish(stopped)
    if (!batch.awaitsMessages) this.#progresses.push(batch.progress)
    this.#goOn(batch)
    this.#dispatch()
  }

  #crashed (batch: Batch, error: unknown): void {
    const cause = batch.crash ?? error
    if (batch.hasBegun) this.#hasStarted = true
    else if (!batch.refuseUnclonable()) this.#failedToStart(batch, cause)
    batch.finish((attempt, status) => crashOf(attempt, status, cause))
    this.#goOn(batch)
    this.#dispatch()
  }

  #failedToStart ({ slices }: Batch, cause: unknown): void {
    if (!this.#hasStarted) this.#failedStarts++
    const isHopeless = !this.#hasStarted && this.#failedStarts >= mostFailedStarts
    for (const { segment } of slices) {
      if (++segment.failedStarts >= mostFailedStarts || isHopeless) segment.stop((attempt) => failedToStart(attempt, cause))
    }
  }

  /** What is nested too deep for the main thread to read never arrives. */
  #giveUpMessages ({ slices }: Batch): void {
    for (const { segment } of slices) if (segment.awaitsMessage) segment.stop(unreadable)
  }

  /** The segments that its thread is done with wait again. What was with the thread goes first, the rest takes turns. */
  #goOn (batch: Batch): void {
    for (const { segment, end } of batch.release().reverse()) this.#enqueue(segment, segment.next < end)
    if (batch.isOver && !batch.awaitsMessages) this.#batches.delete(batch.id)
  }
}

const inline = new InlineExecution()

/** Makes the attempts of a segment on the main thread. */
async function runInline (segment: Segment): Promise<void> {
  while (!segment.isOver) {
    const [outcome] = await Promise.allSettled([inline.run(segment.attempts[segment.next] as Attempt)])
    segment.settle(segment.next, outcome)
  }
}
