import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { parentPort } from 'node:worker_threads'
import { isThenable } from '../core/describe.js'
import { currentlyRunning, enter } from '../core/task-context.js'
import type { TaskFunction } from '../core/task-function.js'
import type { TaskSource } from '../core/task-registry.js'
import { nextTurn } from '../core/timers.js'
import { functionsOf } from './exports.js'
import { type BatchMessage, envelop, type Failure, findUnclonable, toErrorData } from './messages.js'
import { Progress, Status } from './progress.js'
import { ThreadTask } from './thread-task.js'

// The thread's side. Piscina calls the default export with each batch, and `flushOutput` before the thread is stopped.

const loaded = new Map<string, TaskFunction>()
/** Functions whose promises the main thread knows about. */
const asynchronous = new Set<TaskFunction>()

export default async function runBatch (batch: BatchMessage): Promise<void> {
  const progress = new Progress(batch.progress)

  for (let slice = progress.claim(); slice !== undefined; slice = progress.claim()) {
    const end = batch.firstCalls[slice + 1] ?? batch.calls.length
    for (let call = batch.firstCalls[slice] as number; call < end; call++) {
      const hasFailed = run(new ThreadTask(batch, call, progress))
      // Without a promise for each of them, synchronous functions take half the time.
      if (typeof hasFailed === 'boolean' ? hasFailed : await hasFailed) break
    }
  }
}

/** Hands over to the main thread what was printed. */
export async function flushOutput (): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) await new Promise((resolve) => { stream.write('', resolve) })
}

/** Runs a task, reports how it has ended, and returns whether it has failed. */
function run (task: ThreadTask): boolean | Promise<boolean> {
  const func = loaded.get(keyOf(task.source))
  return func === undefined ? enter(task, loadAndCall, [task]) : enter(task, call, [task, func])
}

async function loadAndCall (task: ThreadTask): Promise<boolean> {
  let func: TaskFunction
  try {
    func = await load(task)
  } catch (error) {
    return await fail(task, { of: 'module', error: toErrorData(error) })
  }
  return await call(task, func)
}

function call (task: ThreadTask, func: TaskFunction): boolean | Promise<boolean> {
  if (!task.progress.begin(task.call, Status.running)) return condemned

  try {
    const result: unknown = func(...task.ownArgs())
    return isThenable(result) ? settle(task, func, result) : succeed(task, result)
  } catch (error) {
    return fail(task, { of: 'thrown', error: toErrorData(error) })
  }
}

async function settle (task: ThreadTask, func: TaskFunction, promise: PromiseLike<unknown>): Promise<boolean> {
  if (!asynchronous.has(func)) task.tell({ kind: 'promise' })
  asynchronous.add(func)
  let result: unknown
  try {
    result = await promise
  } catch (error) {
    return await fail(task, { of: 'thrown', error: toErrorData(error) })
  }
  return await succeed(task, result)
}

function succeed (task: ThreadTask, result: unknown): boolean | Promise<boolean> {
  const value = task.wantsResult ? result : undefined
  const isTold = value !== undefined || task.hasSent
  try {
    if (isTold) task.tell({ kind: 'result', value })
  } catch {
    return fail(task, { of: 'result', ...findUnclonable(result) })
  }
  return task.end(isTold ? Status.resulted : Status.completed) ? false : condemned
}

function fail (task: ThreadTask, failure: Failure): boolean | Promise<boolean> {
  task.tell({ kind: 'failure', failure })
  return task.end(Status.failed) ? true : condemned
}

/** A task that is condemned goes no further: its thread is about to be stopped. */
const condemned = new Promise<boolean>(() => {})

async function load ({ call, source, progress }: ThreadTask): Promise<TaskFunction> {
  if (!progress.begin(call, Status.loading)) await condemned
  const found = functionsOf(source.module, await importModule(source.module)).get(source.exportName)
  if (found === undefined) throw new Error(`it exports no function "${source.exportName}" there`)

  // What the module has begun may fail in a later turn: a server on a port that the main thread has taken.
  await nextTurn()
  loaded.set(keyOf(source), found)
  return found
}

async function importModule (module: string): Promise<object> {
  try {
    return await import(module)
  } catch (error) {
    // On Node 20 tsx and others compile what is imported on the main thread only, but what is required in all threads.
    if ((error as NodeJS.ErrnoException | null)?.code !== 'ERR_UNKNOWN_FILE_EXTENSION') throw error
    return createRequire(module)(fileURLToPath(module))
  }
}

function keyOf ({ module, exportName }: TaskSource): string {
  return `${module}#${exportName}`
}

process.on('uncaughtException', (thrown) => {
  const task = currentlyRunning() as ThreadTask | undefined
  const error = toErrorData(thrown)

  // The task that is running now is not to blame for one that has ended.
  if (task === undefined || task.hasEnded) {
    return parentPort?.postMessage(envelop({ kind: 'late', task: task?.source.name, error }))
  }

  task.tell({ kind: 'crash', error })
  process.exit(1)
})
