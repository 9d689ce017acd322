import { now } from '../core/timers.js'

/** How far a call has come. */
export const Status = {
  waiting: 0,
  /** The thread loads its module. */
  loading: 1,
  running: 2,
  /** Completed; there is no message about it. */
  completed: 3,
  /** Completed; its result is in a message. */
  resulted: 4,
  /** Failed; the error is in a message. */
  failed: 5,
  /** It goes no further: its thread is about to be stopped. */
  condemned: 6
} as const

export type CallStatus = typeof Status[keyof typeof Status]

/** Why a task should stop. */
export const Stop = {
  timeout: 2,
  closing: 3
} as const

export type StopReason = typeof Stop[keyof typeof Stop]

/** Whether a call listens to its signal, as long as it was not asked to stop. */
const Interest = { none: 0, some: 1 } as const

/** The most calls that a batch holds. */
export const capacity = 256

const bytes = 8 + (4 + 4 + 8 + 8) * capacity

/**
 * How far a batch has come, in memory that the main thread and the worker thread share: a thread that is busy answers no
 * message, and one that has crashed never will.
 */
export class Progress {
  readonly memory: SharedArrayBuffer
  /** How many slices there are to claim, in the upper half, and how many are claimed, in the lower one. */
  readonly #slices: Int32Array
  readonly #statuses: Int32Array
  /** Of each call, an `Interest` or a `StopReason`. */
  readonly #stops: Int32Array
  /** When each call began, in milliseconds of the process's clock. */
  readonly #starts: Float64Array
  /** How long each call took, in milliseconds. */
  readonly #durations: Float64Array

  constructor (memory = new SharedArrayBuffer(bytes)) {
    this.memory = memory
    this.#slices = new Int32Array(memory, 0, 1)
    this.#statuses = new Int32Array(memory, 8, capacity)
    this.#stops = new Int32Array(memory, 8 + 4 * capacity, capacity)
    this.#starts = new Float64Array(memory, 8 + 8 * capacity, capacity)
    this.#durations = new Float64Array(memory, 8 + 16 * capacity, capacity)
  }

  /** Main thread: begins a batch. */
  reset (slices: number): void {
    this.#statuses.fill(Status.waiting)
    this.#stops.fill(Interest.none)
    Atomics.store(this.#slices, 0, slices << 16)
  }

  /** Worker thread: claims the next slice. */
  claim (): number | undefined {
    for (;;) {
      const slices = Atomics.load(this.#slices, 0)
      const claimed = slices & 0xffff
      if (claimed >= slices >>> 16) return
      if (Atomics.compareExchange(this.#slices, 0, slices, slices + 1) === slices) return claimed
    }
  }

  /** How many slices the worker thread has claimed. */
  get claimed (): number {
    return Atomics.load(this.#slices, 0) & 0xffff
  }

  /** Main thread: takes back the slices that have not been claimed, and returns how many have. */
  takeBack (): number {
    for (;;) {
      const slices = Atomics.load(this.#slices, 0)
      const claimed = slices & 0xffff
      if (Atomics.compareExchange(this.#slices, 0, slices, claimed << 16 | claimed) === slices) return claimed
    }
  }

  status (call: number): CallStatus {
    return Atomics.load(this.#statuses, call) as CallStatus
  }

  /** Worker thread: a call's module is loading, or it is running. False if it is condemned. */
  begin (call: number, status: typeof Status.loading | typeof Status.running): boolean {
    this.#starts[call] = sharedTime()
    return this.#goOn(call, status)
  }

  /** Worker thread: a call has ended. False if it is condemned. */
  end (call: number, status: typeof Status.completed | typeof Status.resulted | typeof Status.failed): boolean {
    this.#durations[call] = this.elapsed(call)
    return this.#goOn(call, status)
  }

  #goOn (call: number, status: CallStatus): boolean {
    const before = this.status(call)
    return before !== Status.condemned && Atomics.compareExchange(this.#statuses, call, before, status) === before
  }

  /** Main thread: a call goes no further. False if its status is another by now: it has just begun, or ended. */
  condemn (call: number, status: CallStatus): boolean {
    return Atomics.compareExchange(this.#statuses, call, status, Status.condemned) === status
  }

  /** Main thread: tells a call to stop. Returns whether it listens to its signal. */
  askToStop (call: number, reason: StopReason): boolean {
    const before = Atomics.exchange(this.#stops, call, reason)
    Atomics.notify(this.#stops, call)
    return before === Interest.some
  }

  /** Worker thread: resolves to a `StopReason` when the call is told to stop, or to something else when it has ended. */
  async untilStop (call: number): Promise<number> {
    Atomics.compareExchange(this.#stops, call, Interest.none, Interest.some)
    await Atomics.waitAsync(this.#stops, call, Interest.some).value
    return Atomics.load(this.#stops, call)
  }

  /** Worker thread: the call has ended, and no longer listens. */
  forgetStop (call: number): void {
    if (Atomics.compareExchange(this.#stops, call, Interest.some, Interest.none) === Interest.some) Atomics.notify(this.#stops, call)
  }

  /** When a call began to load or to run, as `now()` of the main thread counts. */
  startedAt (call: number): number {
    return origin + (this.#starts[call] as number)
  }

  /** How long a call has been loading or running, in milliseconds. */
  elapsed (call: number): number {
    return sharedTime() - (this.#starts[call] as number)
  }

  /** How long a call that has ended took, in milliseconds. */
  duration (call: number): number {
    return this.#durations[call] as number
  }
}

/** Whether a call has ended by itself. */
export function hasEnded (status: CallStatus): boolean {
  return status === Status.completed || status === Status.resulted || status === Status.failed
}

/** Whether a call has begun, and has not ended. */
export function isAtWork (status: CallStatus): status is typeof Status.loading | typeof Status.running {
  return status === Status.loading || status === Status.running
}

/** The one clock that all threads of a process share. */
function sharedTime (): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e3 + nanoseconds / 1e6
}

/** What `now()` of this thread returns when the shared clock is at 0. */
const origin = now() - sharedTime()
