import pLimit, { type LimitFunction } from 'p-limit'
import type { Attempt, Turn } from './attempt.js'
import type { TaskFunction } from './task-function.js'
import { optionsOf } from './task-options.js'

/** Bounds how many attempts run concurrently. */
export interface Turns {
  /** Whether attempts at a function have to wait for a slot. */
  bound (func: TaskFunction): boolean
  /** Runs an attempt, or neighbors that count as one, when it is their turn. Rejects if one of them is told to stop. */
  run (attempts: readonly Attempt[], run: () => Promise<unknown>): Promise<unknown>
}

/** Those of functions with `concurrency`, of the whole process. */
const limits = new WeakMap<TaskFunction, LimitFunction>()

function limitOf (func: TaskFunction): LimitFunction | undefined {
  const { concurrency } = optionsOf(func)
  if (concurrency === undefined) return

  let limit = limits.get(func)
  if (limit === undefined) limits.set(func, limit = pLimit(concurrency))
  if (limit.concurrency !== concurrency) limit.concurrency = concurrency // defined anew
  return limit
}

/**
 * Bounds the attempts that run at once: first come, first served. An attempt takes a slot of its function first, then one of
 * the app, so that one that waits for its function never blocks others.
 *
 * @param maxRunning of the app
 */
export function createTurns (maxRunning?: number): Turns {
  const all: Limit = maxRunning === undefined ? (hold) => hold() : pLimit(maxRunning)
  return {
    bound: (func) => maxRunning !== undefined || optionsOf(func).concurrency !== undefined,
    run (attempts, run) {
      const own = limitOf((attempts[0] as Attempt).task.func)
      return runInTurn(new SlotTurn(own === undefined ? all : (hold) => own(() => all(hold))), attempts, run)
    }
  }
}

/** Whoever is told to stop leaves: does not begin any more, or gives back the slot. */
async function runInTurn (turn: SlotTurn, attempts: readonly Attempt[], run: () => Promise<unknown>): Promise<unknown> {
  const { signal } = (attempts[0] as Attempt).owner
  const stop = (): void => { turn.leave(signal?.reason) }
  for (const attempt of attempts) attempt.turn = turn
  signal?.addEventListener('abort', stop)
  try {
    return await turn.run(run)
  } finally {
    signal?.removeEventListener('abort', stop)
    for (const attempt of attempts) attempt.turn = undefined
  }
}

/** Calls a function in its turn. A slot is taken until what it returns has settled. */
type Limit = (hold: () => Promise<void>) => Promise<void>

/** The turn of an attempt, and the slot that it holds then: of its function and of the app, as both limit it. */
class SlotTurn implements Turn {
  isWaiting = true
  readonly #limit: Limit
  /** Rejects when the attempt is told to stop. */
  readonly #left: Promise<never>
  #reject!: (reason: unknown) => void
  #giveBack: (() => void) | undefined = undefined
  #isOver = false
  /** How many passes the attempt awaits. */
  #awaited = 0

  constructor (limit: Limit) {
    this.#limit = limit
    this.#left = new Promise((_resolve, reject) => { this.#reject = reject })
    this.#left.catch(() => {})
  }

  /** Makes the attempt when its turn comes. */
  async run (make: () => Promise<unknown>): Promise<unknown> {
    try {
      await Promise.race([this.#left, this.#take()])
      if (this.#isOver) return await this.#left

      this.isWaiting = false
      return await Promise.race([this.#left, make()])
    } finally {
      this.#end()
    }
  }

  leave (reason: unknown): void {
    this.#reject(reason)
    this.#end()
  }

  async lend (pass: Promise<void>): Promise<void> {
    if (this.#awaited++ === 0) this.#giveBack?.()
    try {
      await pass
    } finally {
      if (--this.#awaited === 0 && !this.#isOver) await this.#take()
    }
  }

  /** Waits in line for the slot. If it is given back before, the turn passes. */
  #take (): Promise<void> {
    return new Promise((resolve) => {
      const givenBack = new Promise<void>((resolve) => { this.#giveBack = resolve })
      this.#limit(() => {
        resolve()
        return givenBack
      })
    })
  }

  #end (): void {
    this.#isOver = true
    this.#giveBack?.()
  }
}

/** For tasks that no app runs. */
export const defaultTurns = createTurns()
