import { AsyncResource } from 'node:async_hooks'
import { Piscina } from 'piscina'
import { limited, setImmediate } from '../core/timers.js'
import type { Batch } from './batch.js'
import type { ThreadOptions } from './thread-options.js'

/** How long threads have to hand over what their tasks have printed, and how long to stop, in milliseconds. */
const [longestFlush, longestStop] = [200, 1_000]

/** The threads of a pool, kept by Piscina. They are created when the first batch comes, and keep no process alive. */
export class Threads {
  /** False once it is known that no thread can be created. */
  areAvailable = true
  readonly #file: string
  readonly #max: number
  readonly #options: ThreadOptions
  readonly #received: (message: unknown) => void
  /** That of a request would be kept, and seen by later ones. */
  readonly #asyncContext = new AsyncResource('Threads')
  #piscina: Piscina | undefined = undefined
  /** Batches that threads have, or that wait for a thread to be ready. */
  readonly #batches = new Set<Batch>()

  /**
   * @param file the module that runs batches in a thread
   * @param received called with each message of a thread
   */
  constructor (file: string, max: number, options: ThreadOptions, received: (message: unknown) => void) {
    this.#file = file
    this.#max = max
    this.#options = options
    this.#received = received
  }

  /** Calls a function in the async context in which the pool was created. */
  inContext<R> (func: () => R): R {
    return this.#asyncContext.runInAsyncScope(func)
  }

  /** Runs a batch. Resolves when its thread is done with it; rejects if the thread has ended, or cannot get the batch. */
  async run (batch: Batch): Promise<void> {
    this.#batches.add(batch)
    try {
      await this.inContext(() => this.#start(batch))
    } finally {
      this.#batches.delete(batch)
    }
  }

  /** Stops the threads. There are new ones for the next batch. */
  async close (): Promise<void> {
    const piscina = this.#piscina
    if (piscina === undefined) return

    this.#piscina = undefined
    // A thread that is stopped loses what was printed in it and not handed over yet.
    await within(longestFlush, Array.from({ length: piscina.idleThreads }, () => piscina.run(undefined, { name: 'flushOutput' })))
    // Not by destroy(), which also rejects the promises of batches for which no thread could be created: nobody has these. A
    // thread in the middle of native code stops when that returns, and nobody need wait for it.
    await within(longestStop, piscina.threads.map((thread) => thread.terminate()))
  }

  #start (batch: Batch): Promise<unknown> {
    const piscina = (this.#piscina ??= this.#createPiscina())
    try {
      return piscina.run(batch.message(), { signal: batch.controller.signal })
    } catch (error) {
      // Thrown, instead of rejected: the thread could not be created.
      this.areAvailable = piscina.threads.length > 0
      throw error
    }
  }

  #createPiscina (): Piscina {
    const { idleTimeout = 30_000, resourceLimits } = this.#options
    const piscina = new Piscina({
      filename: this.#file,
      minThreads: 0,
      maxThreads: this.#max,
      idleTimeout,
      recordTiming: false,
      // A thread that waits for batches is not blocked, so that what a task has left behind goes on, and is reported if it fails.
      atomics: 'disabled',
      ...(resourceLimits !== undefined && { resourceLimits })
    })
    let error: unknown
    piscina.on('message', this.#received)
    piscina.on('error', (thrown) => { error = thrown })
    piscina.on('workerDestroy', () => { setImmediate(() => { this.#recall(piscina, error) }) })
    return piscina
  }

  /** A batch that waited for a thread which has ended before it was ready would wait for ever. */
  #recall (piscina: Piscina, error: unknown): void {
    if (piscina !== this.#piscina) return

    const missing = Math.max(0, this.#batches.size - piscina.threads.length)
    for (const batch of [...this.#batches].filter(({ hasBegun }) => !hasBegun).slice(0, missing)) {
      batch.crash ??= error
      batch.controller.abort()
    }
  }
}

/** Waits for promises to settle, but not for longer than some milliseconds. */
export async function within (milliseconds: number, promises: Array<Promise<unknown>>): Promise<void> {
  await limited(Promise.allSettled(promises), milliseconds).catch(() => {})
}
