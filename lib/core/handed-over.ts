import type { OnError } from './collection.js'
import type { Entry } from './entry.js'
import type { Lane, LaneRun } from './executions/execution.js'
import type { Executions } from './executions/index.js'
import { isUnavailable } from './errors.js'
import type { TaskHost } from './task-run.js'

/**
 * Neighbouring tasks that travel together: their execution has them all, while their collection still goes from one to
 * the next, and awaits each in its turn.
 */
export class HandedOver {
  readonly #executions: Executions
  readonly #host: TaskHost
  readonly #stopOnError: boolean
  readonly #runs = new Map<Entry, LaneRun>()
  /** Lanes that were opened before their turn, by their first entries, until it comes. */
  readonly #held = new Map<Entry, Lane>()
  /** Whose turn came last. */
  #latest: Entry | undefined
  #latestRun: LaneRun | undefined
  /** The latest one, whose tasks may still run elsewhere. */
  away: Lane | undefined

  constructor (executions: Executions, host: TaskHost, onError: OnError) {
    this.#executions = executions
    this.#host = host
    this.#stopOnError = onError === 'stop'
  }

  /**
   * The run of an entry that is handed over, now or before, and with it those of its neighbours that come next;
   * `undefined` where it runs by itself.
   */
  run (entry: Entry): LaneRun | undefined {
    if (!this.#runs.has(entry)) this.away = this.#handOver(entry)
    else if (this.#held.has(entry)) this.#release(entry)
    this.#latest = entry
    this.#latestRun = this.#runs.get(entry)
    this.#runs.delete(entry)
    return this.#latestRun
  }

  /** Whether an entry was handed over with one before it, and is stored or has begun: there is nothing to wait for. */
  hasBegun (entry: Entry): boolean {
    return !this.#held.has(entry) && this.#runs.get(entry)?.hasBegun === true
  }

  /** What an entry has to wait for: the end of tasks before it that run elsewhere. */
  before (entry: Entry): Promise<void> | undefined {
    if (this.#runs.has(entry) && !this.#held.has(entry)) return

    const { away } = this
    this.away = undefined
    return away?.ended?.(this.#stopOnError)
  }

  /** A collection has ended: its last tasks may still run elsewhere, and what comes after it waits for them. */
  wait ({ away }: Entry): void {
    this.away = away
  }

  /**
   * Hands over what goes to the queue, before its turn, in collections within, too: workers have what comes first at once,
   * and the rest in its turn. Resolves when it is stored.
   *
   * @param isNext whether the first one's turn comes next; else it may have come
   * @throws `FST_BGT_QUEUE_UNAVAILABLE` where some of it cannot be stored
   */
  async handOverQueued (first: Entry | undefined, isNext: boolean): Promise<void> {
    const promises = new Set<Promise<unknown> | undefined>()
    for (let entry = first; entry !== undefined; entry = entry.next) {
      const comesNext = isNext && entry === first
      promises.add(entry.isQueuedIn(this.#executions)
        ? this.#handOverBefore(entry, comesNext)
        : entry.handOverQueued(this.#executions, this.#host, comesNext))
    }
    await Promise.all([...promises].map(async (promise) => await promise?.catch(rethrowUnavailable)))
  }

  /** Takes back what was handed over before its turn, and has not had it. */
  withdraw (first: Entry | undefined): void {
    for (let entry = first; entry !== undefined; entry = entry.next) {
      this.#held.get(entry)?.withdraw?.()
      this.#held.delete(entry)
      this.#runs.delete(entry)
      entry.withdraw()
    }
  }

  #handOverBefore (entry: Entry, comesNext: boolean): Promise<unknown> | undefined {
    const run = entry === this.#latest ? this.#latestRun : this.#runs.get(entry) ?? this.#hold(entry, comesNext)
    return run === this.#latestRun ? run?.promise.catch(() => {}) : run?.promise // what cannot be stored in its turn runs here
  }

  #hold (entry: Entry, comesNext: boolean): LaneRun {
    const lane = this.#handOver(entry) as Lane
    this.#held.set(entry, lane)
    if (!comesNext) lane.hold?.()
    return this.#runs.get(entry) as LaneRun
  }

  #release (entry: Entry): void {
    this.away = this.#held.get(entry)
    this.#held.delete(entry)
    this.away?.release?.()
  }

  /** Forgets those behind a task at which their lane has stopped: they are handed over again when their turn comes. */
  forget (): void {
    for (const entry of this.#runs.keys()) if (!entry.isQueuedIn(this.#executions)) this.#runs.delete(entry)
  }

  #handOver (entry: Entry): Lane | undefined {
    const execution = entry.executionIn(this.#executions)
    const lane = execution?.openLane?.(this.#stopOnError)
    if (lane === undefined) return

    let next: Entry | undefined = entry
    for (; next !== undefined && next.executionIn(this.#executions) === execution; next = next.next) {
      this.#runs.set(next, next.runIn(lane, this.#executions, this.#host, this.#stopOnError))
    }
    return lane
  }
}

/** What else is wrong with a task is told in its turn. */
function rethrowUnavailable (error: unknown): void {
  if (isUnavailable(error)) throw error
}
