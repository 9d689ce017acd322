import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { messageOf } from '../core/errors.js'
import { defaultExecutions } from '../core/executions.js'
import type { TaskLogger } from '../core/task-logger.js'
import { loadTaskModules, type TaskModules } from './task-modules.js'
import { ThreadExecution, type IsForeign } from './thread-execution.js'
import type { ThreadOptions } from './thread-options.js'
import { ThreadPool, type PoolEvents } from './thread-pool.js'

/** What an app says about its threads. */
export interface OpenThreadsOptions {
  readonly tasks?: TaskModules | undefined
  readonly threads?: false | ThreadOptions | undefined
  /** Recognizes values of the framework, of which `addTask` is to refuse to hand them to a thread. */
  readonly isForeign?: IsForeign | undefined
}

const promiseAdvice = 'returns a promise but is not declared async, so it runs in a worker thread. Declare it async to run it on the event loop, or decide with defineTask(f, { thread: true }) or { thread: false }'

/** Loads an app's task modules, and gives it a pool of threads for their functions, if it wants one. */
export async function openThreads (
  { tasks, threads = {}, isForeign }: OpenThreadsOptions,
  log: TaskLogger,
  file = findThreadFile()
): Promise<ThreadExecution | undefined> {
  if (tasks !== undefined) await (threads === false ? loadTaskModules(tasks) : loadTasks(tasks))
  if (threads === false) return
  if (file !== '') return new ThreadExecution(new ThreadPool(file, threads, logTo(log)), isForeign)

  if (tasks !== undefined) log.warn('background tasks run inline: fastify-background-tasks is part of a bundle, which has no file for worker threads. Mark it as external')
}

let hasDefaultThreads = false

/**
 * Loads task modules. From then on, the synchronous functions that they export run in worker threads. The plugin's option
 * `tasks` calls it; call it yourself to use tasks without Fastify.
 *
 * @param modules files, folders (read recursively), names of packages, or `file:` URLs; paths are relative to the working
 * directory
 * @throws `FST_BGT_INVALID_OPTION` if it is none of these; `FST_BGT_TASK_MODULE` if a module cannot be found or loaded, or two
 * functions have one name
 *
 * @example
 * ```ts
 * import { resize } from './tasks/images.js'
 *
 * await loadTasks(new URL('./tasks/', import.meta.url))
 * await new BackgroundTask(resize, 'ada.png', 320)() // in a worker thread
 * ```
 */
export async function loadTasks (modules: TaskModules): Promise<void> {
  await loadTaskModules(modules)
  const file = findThreadFile()
  if (hasDefaultThreads || file === '') return

  hasDefaultThreads = true
  defaultExecutions.add(new ThreadExecution(new ThreadPool(file, {}, processWarnings)))
}

/**
 * The file that a thread begins with: beside this one, and TypeScript if this one is. `''` if there is none, as a bundler has
 * made one file of all.
 *
 * @param here this file's URL; `undefined` if a bundler has made CommonJS of it
 */
export function findThreadFile (here: string | undefined = import.meta.url): string {
  const [, folder, extension] = /^(file:.*\/)open-threads(\.[jt]s)$/.exec(String(here)) ?? []
  const file = folder === undefined ? '' : fileURLToPath(`${folder}thread${extension}`)
  return existsSync(file) ? file : ''
}

/** For the threads of an app. */
function logTo (log: TaskLogger): PoolEvents {
  return {
    thrown (err, task) { log.error({ err, task }, 'a callback of a background task threw after the task had ended') },
    logged ({ level, args, bindings, task, taskId }) { log.child({ ...bindings, task, taskId })[level](...args as [unknown]) },
    returnedPromise (task) { log.warn({ task }, `background task "${task}" ${promiseAdvice}`) },
    noThreads (err) { log.warn({ err }, `background tasks run inline, because no worker thread can be created: ${messageOf(err)}`) }
  }
}

/** For tasks that no app runs. */
const processWarnings: PoolEvents = {
  thrown (error, task = 'unknown') { process.emitWarning(`A callback of background task "${task}" threw after the task had ended: ${inspect(error)}`) },
  logged () {},
  returnedPromise (task) { process.emitWarning(`Background task "${task}" ${promiseAdvice}`) },
  noThreads (error) { process.emitWarning(`Background tasks run inline, because no worker thread can be created: ${messageOf(error)}`) }
}
