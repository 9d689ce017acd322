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
