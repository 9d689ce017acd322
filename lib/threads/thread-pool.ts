import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { Piscina } from 'piscina'
import { FST_BGT_ARGUMENT, FST_BGT_TASK_MODULE, FST_BGT_THREAD, FST_BGT_TIMEOUT } from '../core/errors.js'
import type { Threads } from '../core/executions/execution.js'
import { messageOf } from '../core/message-of.js'
import type { TaskRun } from '../core/task-run.js'
import { Batch } from './batch.js'
import { findUnclonable, isClonable } from './clone.js'
import { Durations } from './durations.js'
import { fromErrorData } from './error-data.js'
import { fromLogData, fromLogFields } from './log-data.js'
import { open, type Failure, type LogLine, type ThreadMessage } from './messages.js'
import { capacity, Progress, Status, Stop, type CallStatus } from './progress.js'
import type { ThreadCall } from './thread-call.js'
import { ThreadLane } from './thread-lane.js'
import { findThreadFile } from './thread-file.js'
import type { ThreadOptions } from './thread-options.js'

/** How often the pool looks at what its threads are doing, while they are doing something, in milliseconds. */
const tick = 5
/** How long the tasks of a batch take together, as far as can be told, in milliseconds. */
const batchDuration = 5
/** Less than this is not worth another thread, in milliseconds. */
const smallestShare = 0.5
/** How long a task module may take to load in a thread, in milliseconds. */
const longestLoad = 10_000
/** How long a task in a thread that listens to its signal has, from when that aborts until its thread is stopped, in milliseconds. */
const longestFarewell = 200
/** How long threads are waited for when they are stopped, in milliseconds. */
const longestStop = 1_000
/** How often a thread may end before it has begun with a call's batch. */
const mostFailedStarts = 3
/** For how many ticks a batch that is over is waited for to tell of its calls. */
const longestTelling = 200

/** Hears what callbacks of tasks do after the tasks have ended. */
export interface LateEvents {
  thrown (error: unknown, task?: string): void
  logged (line: LogLine): void
}

/**
 * Runs calls in worker threads. Piscina keeps the threads; which calls go to which thread, and what becomes of them when
 * one ends, is told here.
 */
export class ThreadPool implements Threads {
  readonly #file: string
  readonly #options: ThreadOptions
  readonly #max: number
  readonly #late: LateEvents
  #piscina: Piscina | undefined
  /** Lanes with calls that wait for a thread. */
  readonly #queue: ThreadLane[] = []
  /** Batches that are with threads. */
  readonly #batches = new Set<Batch>()
  /** Those of which a call has not been settled, by their ids. */
  readonly #unsettled = new Map<number, Batch>()
  readonly #durations = new Durations(batchDuration)
  /** Free for the next batch. */
  readonly #progresses: Progress[] = []
  #lastId = 0
  #isDispatching = false
  #timer: NodeJS.Timeout | undefined
  /** Whether a thread has ever begun with a batch. */
  #hasStarted = false

  /** A pool, unless a bundler has left no file for threads to begin with. */
  static create (options: ThreadOptions, late: LateEvents): ThreadPool | undefined {
    const file = findThreadFile()
    if (file !== undefined) return new ThreadPool(file, options, late)
  }

  /** @param file what a thread begins with */
  constructor (file: string, options: ThreadOptions, late: LateEvents) {
    this.#file = file
    this.#options = options
    this.#max = options.max ?? Math.max(1, availableParallelism() - 1)
    this.#late = late
  }

  run (run: TaskRun): Promise<unknown> {
    return this.openLane().run(run, false, true).promise
  }

  openLane (): ThreadLane {
    return new ThreadLane((lane, isFirst) => { this.#enqueue(lane, isFirst) })
  }

  /** Stops all threads. What is still with them, or waits for them, fails. */
  async close (): Promise<void> {
    const piscina = this.#piscina
    if (piscina === undefined) return

    if ([...this.#batches].some(({ calls }) => calls.some(({ isLeaving }) => isLeaving))) await sleep(longestFarewell)
    this.#piscina = undefined
    for (const lane of this.#queue.splice(0)) lane.reject(stopped)
    for (const batch of this.#batches) batch.reject(stopped)
    // One that is in the middle of native code ends when that returns; nobody need wait for it.
    await Promise.race([piscina.destroy(), sleep(longestStop, undefined, { ref: false })])
  }

  #enqueue (lane: ThreadLane, isFirst: boolean): void {
    if (isFirst) this.#queue.unshift(lane)
    else this.#queue.push(lane)
    this.#timer ??= setInterval(() => { this.#watch() }, tick)
    if (this.#isDispatching) return

    // What comes in the same turn of the event loop travels together.
    this.#isDispatching = true
    setImmediate(() => {
      this.#isDispatching = false
      this.#dispatch()
    })
  }

  #dispatch (): void {
    while (this.#queue.length > 0 && this.#batches.size < this.#max) this.#send(this.#nextBatch())
  }

  /** What one thread takes of the queue: its share, so that other free threads have theirs. */
  #nextBatch (): Batch {
    const batch = new Batch(++this.#lastId, this.#progresses.pop() ?? new Progress())
    const share = this.#share()
    let planned = 0
    let lanes = 0

    for (const lane of this.#queue) {
      let count = 0
      for (const call of lane.waiting) {
        const duration = this.#goesAlone(call) ? Infinity : this.#durations.of(call.source)
        const size = batch.calls.length + count
        if (size === capacity || (size > 0 && planned + duration > share)) break
        planned += duration
        count++
      }
      if (count === 0) break

      batch.add(lane, lane.take(count))
      lanes++
    }
    this.#queue.splice(0, lanes)
    return batch
  }

  /** Its arguments may be more than a thread can hold: it is to fail without its neighbours. */
  #goesAlone ({ failedStarts }: ThreadCall): boolean {
    return failedStarts > 0 && this.#hasStarted
  }

  /** How long a batch may take, in milliseconds, when the queue is shared among the free threads. */
  #share (): number {
    const free = this.#max - this.#batches.size
    let total = 0
    for (const lane of this.#queue) {
      for (const { source } of lane.waiting) {
        total += this.#durations.of(source)
        if (total >= batchDuration * free) return batchDuration
      }
    }
    return Math.max(total / free, smallestShare)
  }

  #send (batch: Batch): void {
    this.#batches.add(batch)
    this.#unsettled.set(batch.id, batch)
    this.#start(batch).then(
      () => { this.#ended(batch) },
      (error: unknown) => { this.#crashed(batch, error) }
    )
  }

  /** Async, as Piscina throws where a thread cannot be made. */
  async #start (batch: Batch): Promise<void> {
    await this.#threads.run(batch.message(), { signal: batch.controller.signal })
  }

  get #threads (): Piscina {
    return (this.#piscina ??= this.#createPiscina())
  }

  #createPiscina (): Piscina {
    const { idleTimeout = 30_000, resourceLimits } = this.#options
    const piscina = new Piscina({
      filename: this.#file,
      minThreads: 0,
      maxThreads: this.#max,
      idleTimeout,
      recordTiming: false,
      // A thread that waits for tasks is not blocked, so that what a task has begun goes on, and is heard of if it fails.
      atomics: 'disabled',
      ...(resourceLimits !== undefined && { resourceLimits })
    })
    let error: unknown
    piscina.on('message', (message) => { this.#told(message) })
    piscina.on('error', (thrown) => { error = thrown })
    // A batch that waited for a thread which has ended before it was ready would wait for ever.
    piscina.on('workerDestroy', () => { setImmediate(() => { this.#recall(piscina, error) }) })
    return piscina
  }

  #recall (piscina: Piscina, error: unknown): void {
    if (piscina !== this.#piscina) return

    const missing = Math.max(0, this.#batches.size - piscina.threads.length)
    for (const batch of [...this.#batches].filter(({ hasBegun }) => !hasBegun).slice(0, missing)) {
      batch.crash ??= error
      batch.controller.abort()
    }
  }

  /** What the threads tell of their own accord. */
  #told (envelope: unknown): void {
    const message = open(envelope)
    if (message?.kind === 'late') this.#late.thrown(fromErrorData(message.error), message.task)
    else if (message !== undefined) this.#toldOf(message)
  }

  #toldOf (message: Exclude<ThreadMessage, { kind: 'late' }>): void {
    const batch = this.#unsettled.get(message.batch)
    const call = batch?.calls[message.call]
    if (message.kind === 'log') this.#logged(message.line, call)
    else if (batch !== undefined && call?.isSettled === false) {
      if (message.kind === 'crash') batch.crash = fromErrorData(message.error)
      if (message.kind === 'failure') call.reject(failureOf(call, message.failure))
      if (message.kind === 'result') call.resolve(message.value)
      this.#forgetIfSettled(batch)
    }
  }

  #logged (line: LogLine, call: ThreadCall | undefined): void {
    const { level } = line
    const args = fromLogData(line.args)
    const bindings = fromLogFields(line.bindings)
    if (call === undefined) return this.#late.logged({ ...line, args, bindings })

    call.run.context.log.child(bindings)[level](...args as [unknown])
  }

  /** Looks at what the threads are doing. */
  #watch (): void {
    for (const batch of this.#batches) {
      batch.settleCompleted()
      this.#limit(batch)
      if (batch.hasBegun && ++batch.ticks > 1) batch.takeBack()
    }
    for (const batch of this.#unsettled.values()) this.#giveUp(batch)

    if (this.#queue.length + this.#batches.size + this.#unsettled.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Stops the thread of a batch whose task has taken too long. */
  #limit (batch: Batch): void {
    if (performance.now() >= batch.stopAt) batch.controller.abort()
    const current = batch.current()
    if (current === undefined) return

    const { call, index, status } = current
    const limit = status === Status.loading ? longestLoad : call.run.timeout
    if (limit === undefined || batch.progress.elapsed(index) <= limit || !batch.progress.condemn(index, status)) return

    call.reject(status === Status.loading ? slowToLoad(call) : new FST_BGT_TIMEOUT(call.name, limit))
    batch.stopAt = performance.now() + (call.askToStop(Stop.timeout) ? longestFarewell : 0)
    if (performance.now() >= batch.stopAt) batch.controller.abort()
  }

  /** What a thread has told, but is nested too deep to be read here, never arrives. */
  #giveUp (batch: Batch): void {
    if (this.#batches.has(batch) || ++batch.ticksOver < longestTelling) return

    for (const call of batch.unsettled) call.reject(unreadable(call))
    this.#forgetIfSettled(batch)
  }

  #ended (batch: Batch): void {
    this.#hasStarted = true
    for (const [index, { source }] of batch.calls.entries()) {
      if (batch.progress.status(index) > Status.running) this.#durations.add(source, batch.progress.duration(index))
    }
    this.#over(batch, stopped)
    if (batch.isSettled) this.#progresses.push(batch.progress)
  }

  #crashed (batch: Batch, error: unknown): void {
    const cause = batch.crash ?? error
    if (batch.hasBegun) this.#hasStarted = true
    else if (!refuseUnclonable(batch)) failToStart(batch, cause)
    this.#over(batch, (call, status) => crashOf(call, status, cause))
  }

  #over (batch: Batch, errorOf: (call: ThreadCall, status: CallStatus) => unknown): void {
    this.#batches.delete(batch)
    batch.over(errorOf)
    this.#forgetIfSettled(batch)
    this.#dispatch()
  }

  /** A batch that is over may still wait for messages. */
  #forgetIfSettled (batch: Batch): void {
    if (!this.#batches.has(batch) && batch.isSettled) this.#unsettled.delete(batch.id)
  }
}

/** Fails the calls whose arguments keep their batch from being sent. */
function refuseUnclonable (batch: Batch): boolean {
  const refused = batch.calls.filter(({ args, isSettled }) => !isSettled && !isClonable(args))
  for (const call of refused) {
    const { path, problem } = findUnclonable(call.args)
    const position = Number(/^\[(\d+)/.exec(path)?.[1]) + 1
    call.reject(uncloneable(call, `its argument ${position} (args${path})`, problem))
  }
  return refused.length > 0
}

function failToStart (batch: Batch, cause: unknown): void {
  for (const call of batch.unsettled) if (++call.failedStarts >= mostFailedStarts) call.reject(failedToStart(call, cause))
}

function uncloneable ({ name }: ThreadCall, value: string, problem: string): Error {
  return new FST_BGT_ARGUMENT(name, 'in a worker thread', `${value} cannot be cloned: it is ${problem}`)
}

function failureOf (call: ThreadCall, failure: Failure): unknown {
  if (failure.of === 'result') return uncloneable(call, `its result${failure.path && ` (${failure.path})`}`, failure.problem)

  const error = fromErrorData(failure.error)
  if (failure.of === 'thrown') return error
  return new FST_BGT_TASK_MODULE(call.source.module, `it cannot be loaded in a worker thread: ${messageOf(error)}`, { cause: error })
}

/** What ends a thread. */
const advice = 'Keep process.exit() out of tasks, catch what their callbacks throw, and see the option "threads.resourceLimits" where memory has run out'

function crashOf (call: ThreadCall, status: CallStatus, cause: unknown): unknown {
  if (status !== Status.loading) return new FST_BGT_THREAD(call.name, `ended while it was running: ${messageOf(cause)}. ${advice}`, { cause })
  return new FST_BGT_TASK_MODULE(call.source.module, `its worker thread ended while it was loading: ${messageOf(cause)}`, { cause })
}

function slowToLoad ({ source }: ThreadCall): Error {
  return new FST_BGT_TASK_MODULE(source.module, `it has not finished loading in a worker thread after ${longestLoad / 1e3} s`)
}

function failedToStart ({ name }: ThreadCall, cause: unknown): Error {
  return new FST_BGT_THREAD(name, `cannot be started: ${messageOf(cause)}`, { cause })
}

function unreadable (call: ThreadCall): Error {
  return uncloneable(call, 'its result or error', 'nested too deep to be read')
}

function stopped ({ name }: ThreadCall): Error {
  return new FST_BGT_THREAD(name, 'was stopped, as the app has closed')
}
