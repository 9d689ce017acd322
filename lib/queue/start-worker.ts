import type { FastifyBaseLogger } from 'fastify'
import { setTimeout as sleep } from 'node:timers/promises'
import { longestConnect, type Engine } from './engine.js'
import { limited } from './limited.js'
import { QueueWorker, type QueueWorkerOptions } from './queue-worker.js'

/** How often a server that is away is asked whether it is back, in milliseconds. */
const connectInterval = 1_000

/** A worker that takes jobs, or will when its server is there. */
export interface StartedWorker {
  /** Takes no more jobs, and finishes those that it has. */
  close (): Promise<void>
  /** Tells tasks that are running to stop, and leaves their jobs to other workers. */
  abandon (): Promise<void>
}

/** Starts a worker. Where the server is away, it resolves all the same, and the worker waits for it. */
export async function startWorker (engine: Engine, options: QueueWorkerOptions): Promise<StartedWorker> {
  const { functions, concurrency, log } = options
  const closing = new AbortController()
  const starting = connected(engine, log, closing.signal).then(async (isConnected) => {
    if (!isConnected) return

    const worker = new QueueWorker(engine, options)
    await worker.ready()
    log.info({ tasks: [...functions.keys()], concurrency }, 'the worker takes jobs')
    return worker
  })
  starting.catch((err: unknown) => { log.error({ err }, 'the worker cannot be started') })
  await Promise.race([starting, sleep(longestConnect, undefined, { ref: false })])

  const started = async (): Promise<QueueWorker | undefined> => {
    closing.abort()
    return await starting.catch(() => undefined)
  }
  return {
    async close () { await (await started())?.close() },
    async abandon () { await (await started())?.abandon() }
  }
}

/** Waits for the server. False where it is not to be waited for any longer. */
async function connected (engine: Engine, log: FastifyBaseLogger, signal: AbortSignal): Promise<boolean> {
  for (let tries = 0; !signal.aborted; tries++) {
    const open = engine.open()
    open.queue.on('error', () => {})
    try {
      await limited(open.queue.waitUntilReady(), longestConnect)
      open.abandon()
      return true
    } catch (err) {
      open.abandon()
      if (tries === 0) log.warn({ err }, 'the queue\'s server is away: the worker waits for it')
      await sleep(connectInterval, undefined, { signal }).catch(() => {})
    }
  }
  return false
}
