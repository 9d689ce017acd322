import type { FastifyBaseLogger } from 'fastify'
import type { TaskFunction } from './core/task-function.js'
import { optionsOf } from './core/task-options.js'
import { nameOf, sourceOf } from './core/task-registry.js'
import { now } from './core/timers.js'
import { guarded } from './core/task-logger.js'

/** For how long a warning about a function is not repeated, in milliseconds. */
const quiet = 60_000

/** How much of a function's source text a warning shows, in characters. */
const longestSource = 80

/** Names functions that block the event loop. */
export class BlockedWarning {
  readonly #log: FastifyBaseLogger
  readonly #limit: number
  /** When functions were last warned of, by their source text: a closure is a new function each time. */
  readonly #warnings = new Map<string, number>()

  /** @param limit how long a function may block the event loop, in milliseconds */
  constructor (log: FastifyBaseLogger, limit: number) {
    this.#log = log
    this.#limit = limit
  }

  /** A synchronous function has run inline for so many milliseconds. */
  ran (func: TaskFunction, duration: number): void {
    if (duration <= this.#limit || this.#isQuiet(func)) return

    const text = textOf(func)
    const durationMs = Math.round(duration)
    guarded(() => {
      this.#log.warn(
        // A closure often has no name: how it begins shows which it is.
        { task: nameOf(func), durationMs, blockedWarning: this.#limit, source: text.slice(0, longestSource) },
        `background task "${nameOf(func)}" blocked the event loop for ${durationMs} ms: ${adviceOn(func)}`
      )
    })
  }

  /** The event loop was blocked for so many milliseconds, by one of these async functions. */
  blocked (functions: TaskFunction[], duration: number): void {
    const names = functions.map(nameOf)
    if (duration <= this.#limit || this.#isQuiet(functions[0] as TaskFunction)) return

    const durationMs = Math.round(duration)
    guarded(() => {
      this.#log.warn(
        { tasks: names, durationMs, blockedWarning: this.#limit },
        `background task "${names.join('" or "')}" blocked the event loop for ${durationMs} ms, and with it the other jobs of this worker: move the work into a synchronous function of a task module, which runs in a worker thread`
      )
    })
  }

  /** Whether a function was warned of lately; it is from now on. */
  #isQuiet (func: TaskFunction): boolean {
    const time = now()
    const text = textOf(func)
    if (time - (this.#warnings.get(text) ?? -Infinity) < quiet) return true

    for (const [other, at] of this.#warnings) if (time - at >= quiet) this.#warnings.delete(other)
    this.#warnings.set(text, time)
    return false
  }
}

function textOf (func: TaskFunction): string {
  return Function.prototype.toString.call(func)
}

function adviceOn (func: TaskFunction): string {
  if (optionsOf(func).thread === false) return 'its option "thread" is false; leave it out to run the function in a worker thread'
  if (sourceOf(func) === undefined) return 'export the function from a task module (option "tasks"), and pass that very function, to run it in a worker thread'
  return 'let it be a synchronous function, and leave out the option "threads: false", to run it in a worker thread'
}
