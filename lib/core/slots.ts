import pLimit, { type LimitFunction } from 'p-limit'
import type { Attempt } from './attempt.js'
import type { TaskFunction } from './task-function.js'
import { optionsOf } from './task-options.js'
import { nextTurn } from './timers.js'

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
      return turn(new Slot(own === undefined ? all : (hold) => own(() => all(hold))), attempts, run)
    }
  }
}

/** Calls a function in its turn. A slot is taken until what it returns has settled. */
type Limit = (hold: () => Promise<void>) => Promise<void>

/** What an attempt holds while it runs; of its function and of the app, as both limit it. */
export class Slot {
  readonly #limit: Limit
  #giveBack: (() => void) | undefined = undefined
  #isClosed = false
  /** How many passes its attempt awaits. */
  #awaited = 0

  constructor (limit: Limit) {
    this.#limit = limit
  }

  /** Waits in line for it. If it is given back before, its turn passes. */
  take (): Promise<void> {
    return new Promise((resolve) => {
      const givenBack = new Promise<void>((resolve) => { this.#giveBack = resolve })
      this.#limit(() => {
        resolve()
        return givenBack
      })
    })
  }

  /** Gives it back while its attempt awaits a pass, whose tasks may need it. Then the attempt waits in line again. */
  async lend (pass: Promise<void>): Promise<void> {
    if (this.#awaited++ === 0) this.#giveBack?.()
    try {
      await pass
    } finally {
      if (--this.#awaited === 0 && !this.#isClosed) await this.take()
    }
  }

  /** Its attempt has ended. */
  close (): void {
    this.#isClosed = true
    this.#giveBack?.()
  }
}

/** Whoever is told to stop leaves: does not begin any more, or gives back the slot. */
async function turn (slot: Slot, attempts: readonly Attempt[], run: () => Promise<unknown>): Promise<unknown> {
  const { owner: { signal }, mayBeSkipped } = attempts[0] as Attempt
  let hasLeft = false
  let leave!: (reason: unknown) => void
  const left = new Promise<never>((_resolve, reject) => {
    leave = (reason) => {
      hasLeft = true
      reject(reason)
    }
  })
  const stop = (): void => { leave(signal?.reason) }
  const mark = (isWaiting: boolean): void => { for (const attempt of attempts) attempt.waitsForTurn = isWaiting }

  mark(true)
  for (const attempt of attempts) attempt.leave = leave
  signal?.addEventListener('abort', stop)
  try {
    await Promise.race([left, slot.take()])
    if (mayBeSkipped) await Promise.race([left, nextTurn()]) // the failure of the one that had the slot is known by then
    if (hasLeft) return await left

    mark(false)
    for (const attempt of attempts) attempt.slot = slot
    return await Promise.race([left, run()])
  } finally {
    slot.close()
    signal?.removeEventListener('abort', stop)
    for (const attempt of attempts) attempt.leave = attempt.slot = undefined
  }
}

/** For tasks that no app runs. */
export const defaultTurns = createTurns()
