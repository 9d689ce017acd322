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
  const all: Limit = maxRunning === undefined ? (begin) => begin() : pLimit(maxRunning)
  return {
    bound: (func) => maxRunning !== undefined || optionsOf(func).concurrency !== undefined,
    run (attempts, run) {
      const own = limitOf((attempts[0] as Attempt).task.func)
      return turn(own === undefined ? all : (begin) => own(() => all(begin)), attempts, run)
    }
  }
}

type Limit = (begin: () => Promise<unknown>) => Promise<unknown>

/** Whoever is told to stop leaves: does not begin any more, or gives back the slot. */
async function turn (limit: Limit, attempts: readonly Attempt[], run: () => Promise<unknown>): Promise<unknown> {
  const { signal } = (attempts[0] as Attempt).owner
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
  const begin = async (): Promise<unknown> => {
    if (attempts[0]?.mayBeSkipped === true) await nextTurn() // the failure of the one that had the slot is known by then
    if (hasLeft) return
    mark(false)
    return await Promise.race([run(), left])
  }

  mark(true)
  for (const attempt of attempts) attempt.leave = leave
  signal?.addEventListener('abort', stop)
  try {
    return await Promise.race([left, limit(begin)])
  } finally {
    signal?.removeEventListener('abort', stop)
    for (const attempt of attempts) attempt.leave = undefined
  }
}

/** For tasks that no app runs. */
export const defaultTurns = createTurns()
