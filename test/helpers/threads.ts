import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'
import type { BackgroundTasksOptions } from '../../lib/index.js'
import { exit } from '../fixtures/tasks/work.js'
import { createApp, type Log } from './app.js'

export const tasks = new URL('../fixtures/tasks/', import.meta.url)

/** An app with one thread that knows the fixture's tasks, closed when the test ends. */
export async function createThreadApp (t: Test, options: BackgroundTasksOptions = {}, serverOptions?: FastifyServerOptions): Promise<{ app: FastifyInstance, log: Log }> {
  const { app, log } = await createApp(t, { tasks, threads: { max: 1 }, ...options }, serverOptions)
  // A thread that is stopped writes no coverage; one that exits does.
  t.teardown(() => {
    try { app.backgroundTasks.addTask(exit, 0) } catch {} // closed already
  })
  return { app, log }
}
