import { clearTimeout, Late, limited, setTimeout } from '../core/timers.js'
import { Connection, connectInterval } from './connection.js'
import type { ResolvedQueueOptions } from './queue-options.js'
import { QueueWorker, type QueueWorkerOptions } from './queue-worker.js'
import { withoutArguments } from './server-error.js'
import { throwRefusal } from './server-link.js'

/** How long an app that starts waits for the worker, in milliseconds: Fastify gives a plugin 10 s. */
const longestStart = 2_000

/** A worker that takes jobs, or will when its server is available. */
export interface StartedWorker {
  /** Takes no more jobs, and finishes those that it has. */
  close (): Promise<void>
  /** Tells tasks that are running to stop, and leaves their jobs to other workers. */
  abandon (): Promise<void>
}

/**
 * Starts a worker. If the server is unavailable, it resolves all the same, and the worker waits for it.
 *
 * @throws `FST_BGT_QUEUE_CONNECTION` if the server refuses us permanently; `FST_BGT_MISSING_DEPENDENCY`
 */
export async function startWorker (options: ResolvedQueueOptions, workerOptions: QueueWorkerOptions): Promise<StartedWorker> {
  return await startWorkerOn(await Connection.load(options), options, workerOptions)
}

/** The same, with a connection that is loaded. */
export async function startWorkerOn (connection: Connection, options: ResolvedQueueOptions, workerOptions: QueueWorkerOptions): Promise<StartedWorker> {
  const start = new WorkerStart(connection, options, workerOptions)
  await start.begun
  return start
}

/** A worker that starts as soon as its server is available. */
class WorkerStart implements StartedWorker {
  /** Resolves when it has started, or is known to wait. */
  readonly begun: Promise<void>
  readonly #connection: Connection
  readonly #options: ResolvedQueueOptions
  readonly #workerOptions: QueueWorkerOptions
  #worker: QueueWorker | undefined
  readonly #starting: Promise<void>
  #isStopped = false
  #wake: (() => void) | undefined

  constructor (connection: Connection, options: ResolvedQueueOptions, workerOptions: QueueWorkerOptions) {
    this.#connection = connection
    this.#options = options
    this.#workerOptions = workerOptions
    let waits!: () => void
    const isWaiting = new Promise<void>((resolve) => { waits = resolve })
    this.#starting = this.#start(waits)
    this.#starting.catch(() => {}) // whoever waits for the start gets it
    this.begun = limited(Promise.race([this.#starting, isWaiting]), longestStart).catch((error: unknown) => { if (!(error instanceof Late)) throw error })
  }

  async close (): Promise<void> {
    await this.#stop()
    await this.#worker?.close()
  }

  async abandon (): Promise<void> {
    await this.#stop()
    await this.#worker?.abandon()
  }

  async #stop (): Promise<void> {
    this.#isStopped = true
    this.#wake?.()
    await this.#starting.catch(() => {})
  }

  /** @param waits called when the server is unavailable */
  async #start (waits: () => void): Promise<void> {
    const { functions, concurrency, name, log } = this.#workerOptions
    for (let isFirst = true; !this.#isStopped; isFirst = false) {
      const err = await this.#reach()
      if (err === undefined) {
        const worker = new QueueWorker(this.#connection, this.#workerOptions)
        if (await worker.ready()) {
          this.#worker = worker
          log.info({ queue: name, tasks: [...functions.keys()], concurrency }, 'worker started')
          return
        }
      } else if (isFirst) log.warn({ err, queue: name }, `${this.#options.kind} is unavailable: the worker is waiting for it`)
      waits()
      await this.#nextTry()
    }
  }

  /** Why the server cannot be reached; `undefined` if it can. */
  async #reach (): Promise<Error | undefined> {
    try {
      const { abandon } = await this.#connection.openQueue(this.#workerOptions.name)
      abandon()
    } catch (error) {
      throwRefusal(error)
      return withoutArguments(error)
    }
  }

  async #nextTry (): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, connectInterval)
      this.#wake = () => { clearTimeout(timer); resolve() }
    })
  }
}
