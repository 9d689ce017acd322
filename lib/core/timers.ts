import timers from 'node:timers'
import { performance } from 'node:perf_hooks'

// Constants from the default import, taken when this module loads: the only style that the fake timers of node:test and
// Vitest leave alone. A test that fakes time must not stop background tasks, idle() or close().
export const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate } = timers

/** The time in milliseconds, by a clock that only goes forward. */
export const now: () => number = performance.now.bind(performance)

/** Resolves after some milliseconds. */
export function sleep (milliseconds: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, milliseconds) })
}

/** Resolves in a later turn of the event loop. */
export function nextTurn (): Promise<void> {
  return new Promise((resolve) => { setImmediate(resolve) })
}

/** Something has taken too long. */
export class Late extends Error {
  constructor (milliseconds: number) {
    super(`no answer within ${milliseconds} ms`)
  }
}

/**
 * What a promise settles to, unless it takes longer.
 *
 * @param signal rejects with its reason when it aborts
 * @throws `Late` then; nobody looks at the promise any more
 */
export async function limited<T> (promise: Promise<T>, milliseconds: number, signal?: AbortSignal): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    const stop = (): void => { settle(() => { reject(signal?.reason) }) }
    // An answer may have arrived while this process was busy: it is read before the next turn.
    const timer = setTimeout(() => { setImmediate(() => { settle(() => { reject(new Late(milliseconds)) }) }) }, milliseconds)
    const settle = (end: () => void): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
      end()
    }
    signal?.addEventListener('abort', stop)
    promise.then((value) => { settle(() => { resolve(value) }) }, (error: unknown) => { settle(() => { reject(error) }) })
  })
}
