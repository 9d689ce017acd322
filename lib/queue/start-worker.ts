import { setTimeout as sleep } from 'node:timers/promises'
import { connectInterval, longestConnect, type Engine } from './engine.js'
import { Late, limited } from './limited.js'
import { QueueWorker, type QueueWorkerOptions } from './queue-worker.js'

/** A worker that takes jobs, or will when its server is there. */
export interface StartedWorker {
  /** Takes no more jobs, and finishes those that it has. */
  close (): Promise<void>
  /** Tells tasks that are running to stop, and leaves their jobs to other workers. */
  abandon (): Promise<void>
}

/** Starts a worker. Where the server is away, it resolves all the same, and the worker waits for it. */
export async function startWorker (engine: Engine, options: QueueWorkerOptions): Promise<StartedWorker> {
  const closing = new AbortController()
  let starting!: Promise<QueueWorker | undefined>
  const isClear = new Promise<void>((resolve, reject) => {
    starting = start(engine, options, closing.signal, resolve)
    starting.then(() => { resolve() }, (err: unknown) => {
      options.log.error({ err }, 'the worker cannot be started')
      reject(err)
    })
  })
  // An app that starts is not held up for longer, and Fastify gives a plugin 10 s.
  await limited(isClear, longestConnect).catch((error: unknown) => { if (!(error instanceof Late)) throw error })

  const started = async (): Promise<QueueWorker | undefined> => {
    closing.abort()
    return await starting.catch(() => undefined)
  }
  return {
    async close () { await (await started())?.close() },
    async abandon () { await (await started())?.abandon() }
  }
}

/**
 * Starts it as soon as the server is there, or not at all, where it is not to be waited for any longer.
 *
 * @param isAway is called where the server is away
 */
async function start (engine: Engine, options: QueueWorkerOptions, signal: AbortSignal, isAway: () => void): Promise<QueueWorker | undefined> {
  const { functions, concurrency, log } = options
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    const err = await troubleWith(engine)
    if (err === undefined) {
      const worker = new QueueWorker(engine, options)
      if (await worker.ready()) {
        log.info({ tasks: [...functions.keys()], concurrency }, 'the worker takes jobs')
        return worker
      }
    } else if (isFirst) log.warn({ err }, 'the queue\'s server is away: the worker waits for it')
    isAway()
    await sleep(connectInterval, undefined, { signal }).catch(() => {})
  }
}

/** Why the server cannot be reached; `undefined` where it can. */
async function troubleWith (engine: Engine): Promise<unknown> {
  try {
    const { abandon } = await engine.open()
    abandon()
  } catch (error) {
    return error
  }
}
