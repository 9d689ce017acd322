import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { TaskTracker } from './core/task-tracker.js'

/**
 * Waits until every task that was accepted has ended, and every handler that could add one has settled, but no longer
 * than `closeTimeout` milliseconds. Then it gives up: what has not ended is named in the log.
 */
export function finishTasks (tracker: TaskTracker, closeTimeout: number, log: FastifyBaseLogger): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      if (tracker.handlers > 0) log.warn({ handlers: tracker.handlers }, 'closing while handlers are still at work')
      tracker.abandon()
      resolve()
    }, closeTimeout)

    tracker.finished().then(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}

/** `fastify.onClose()`: unlike `addHook('onClose')`, it may be called when the app has started. Fastify's types lack it. */
export function onClose (fastify: FastifyInstance, hook: () => Promise<void>): void {
  (fastify as FastifyInstance & { onClose (hook: () => Promise<void>): void }).onClose(hook)
}
