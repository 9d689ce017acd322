import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { guarded } from './core/task-logger.js'
import type { TaskTracker } from './core/task-tracker.js'
import { clearTimeout, setTimeout } from './core/timers.js'

/** Fastify's types lack it. Unlike `addHook('onClose')`, it may be called when the app has started. */
type OnClose = (hook: (instance: unknown, done: () => void) => void) => void

/**
 * Has an app finish its tasks when its server has closed, before the `onClose` hooks of all other plugins, whichever was
 * registered first.
 *
 * What is given to `fastify.onClose()` once the app is ready lies ahead of Fastify's own closing function. It starts that
 * one, and puts the real work directly behind it. This holds even if a `preClose` hook of another plugin fails, which skips
 * those behind it. The hooks serve an app that is closed before it was ready.
 */
export function beforeOthersClose (fastify: FastifyInstance, finishOnce: () => Promise<void>): void {
  const onClose = (fastify as unknown as { onClose: OnClose }).onClose.bind(fastify)
  let finished: Promise<void> | undefined
  const finish = (): Promise<void> => (finished ??= finishOnce())
  const finishNext = (): void => {
    onClose((_instance, done) => { finish().catch(() => {}).then(done) }) // what it throws, the hook below gives to close()
  }

  fastify.addHook('onReady', (done) => {
    onClose((_instance, next) => {
      next()
      finishNext()
    })
    done()
  })
  fastify.addHook('preClose', (done) => {
    finishNext()
    done()
  })
  fastify.addHook('onClose', finish)
}

/** What a closing app waits for. */
export interface Closing {
  readonly tracker: TaskTracker
  readonly log: FastifyBaseLogger
  /** In milliseconds. */
  readonly closeTimeout: number
  readonly requests: {
    /** Those whose clients have left while their handlers are at work. */
    readonly left: ReadonlySet<unknown>
    /** Runs their tasks. */
    releaseLeft (): void
  }
  readonly queue?: {
    /** Takes no more jobs in this process, and finishes those at work. */
    closeWorker (): Promise<void>
    /** Leaves the jobs at work to others. */
    abandonWorker (): Promise<void>
  } | undefined
}

/**
 * Waits until every task that was accepted has ended, and every request that could add one, but no longer than
 * `closeTimeout`. Then it gives up what has not ended. No task is accepted from then on.
 *
 * A handler whose client has left may never show that it has ended. Its tasks wait for half of the time, so that they have
 * the other half to run.
 */
export async function finishTasks ({ tracker, log, closeTimeout, requests, queue }: Closing): Promise<void> {
  const count = tracker.unfinished + tracker.watched
  if (count > 0) guarded(() => { log.info(`shutting down: waiting for ${count} background ${count === 1 ? 'task' : 'tasks'}`) })

  const halfTime = setTimeout(() => {
    const { size } = requests.left
    if (size > 0) guarded(() => { log.warn({ requests: size }, 'shutting down: some handlers are still running, though their clients have disconnected; their tasks run now') })
    requests.releaseLeft()
  }, closeTimeout / 2)
  let timer: NodeJS.Timeout | undefined
  const isLate = await Promise.race([
    tracker.close().then(() => queue?.closeWorker()).then(() => false),
    new Promise<boolean>((resolve) => { timer = setTimeout(() => { resolve(true) }, closeTimeout) })
  ])
  clearTimeout(halfTime)
  clearTimeout(timer)
  if (!isLate) return

  tracker.abandon()
  await queue?.abandonWorker()
}
