import { AsyncLocalStorage } from 'node:async_hooks'
import { createRequire } from 'node:module'
import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parentPort } from 'node:worker_threads'
import type { TaskFunction } from '../core/background-task.js'
import type { TaskSource } from '../core/task-registry.js'
import { findUnclonable } from './clone.js'
import { toErrorData } from './error-data.js'
import { functionsOf } from './exports.js'
import { envelop, type BatchMessage, type Failure, type ThreadMessage } from './messages.js'
import { Progress, Status } from './progress.js'

// The thread's side: Piscina calls the default export with each batch.

interface Task {
  readonly batch: number
  readonly call: number
  readonly source: TaskSource
  readonly args: unknown[]
  /** Whether an object in its arguments may be in those of another task, too. */
  readonly sharesArgs: boolean
  readonly wantsResult: boolean
  readonly progress: Progress
  hasEnded: boolean
}

const loaded = new Map<string, TaskFunction>()
const current = new AsyncLocalStorage<Task>()

export default async function runBatch (batch: BatchMessage): Promise<void> {
  const progress = new Progress(batch.progress)

  for (let lane = progress.claimLane(); lane !== undefined; lane = progress.claimLane()) {
    const end = batch.firstCalls[lane + 1] ?? batch.calls.length
    for (let call = batch.firstCalls[lane]!; call < end; call++) {
      const failed = run({
        batch: batch.id,
        call,
        source: batch.functions[batch.calls[call]!]!,
        args: batch.args[call]!,
        sharesArgs: batch.calls.length > 1,
        wantsResult: batch.wantsResult[call]!,
        progress,
        hasEnded: false
      })
      // Without a promise for each of them, plain functions take half the time.
      if ((typeof failed === 'boolean' ? failed : await failed) && batch.stopOnError[lane]) break
    }
  }
}

/** Runs a task, tells how it has ended, and says whether it has failed. */
function run (task: Task): boolean | Promise<boolean> {
  const func = loaded.get(keyOf(task.source))
  return func === undefined ? current.run(task, loadAndCall, task) : current.run(task, call, task, func)
}

async function loadAndCall (task: Task): Promise<boolean> {
  let func: TaskFunction
  try {
    func = await load(task)
  } catch (error) {
    return await fail(task, { of: 'module', error: toErrorData(error) })
  }
  return await call(task, func)
}

function call (task: Task, func: TaskFunction): boolean | Promise<boolean> {
  if (!task.progress.begin(task.call, Status.running)) return condemned

  try {
    const result: unknown = func(...ownArgs(task))
    return isThenable(result) ? settle(task, result) : succeed(task, result)
  } catch (error) {
    return fail(task, { of: 'thrown', error: toErrorData(error) })
  }
}

/** Each task has copies of its own, though one clone has brought those of all. */
function ownArgs ({ args, sharesArgs }: Task): unknown[] {
  return sharesArgs && !args.every(isPlain) ? structuredClone(args) : args
}

async function settle (task: Task, promise: PromiseLike<unknown>): Promise<boolean> {
  let result: unknown
  try {
    result = await promise
  } catch (error) {
    return await fail(task, { of: 'thrown', error: toErrorData(error) })
  }
  return await succeed(task, result)
}

function succeed (task: Task, result: unknown): boolean | Promise<boolean> {
  const { batch, call, wantsResult } = task
  const isTold = wantsResult && result !== undefined
  try {
    if (isTold) tell({ kind: 'result', batch, call, value: result })
    else if (!isPlain(result)) structuredClone(result)
  } catch {
    return fail(task, { of: 'result', ...findUnclonable(result) })
  }
  return end(task, isTold ? Status.resulted : Status.completed) ? false : condemned
}

function fail (task: Task, failure: Failure): boolean | Promise<boolean> {
  const { batch, call } = task
  tell({ kind: 'failure', batch, call, failure })
  return end(task, Status.failed) ? true : condemned
}

function end (task: Task, status: Parameters<Progress['end']>[1]): boolean {
  task.hasEnded = true
  return task.progress.end(task.call, status)
}

/** A task that is condemned goes no further: its thread is about to be stopped. */
const condemned = new Promise<boolean>(() => {})

async function load ({ call, source, progress }: Task): Promise<TaskFunction> {
  progress.begin(call, Status.loading)
  const found = functionsOf(source.module, await importModule(source.module)).get(source.exportName)
  if (found === undefined) throw new Error(`it exports no function "${source.exportName}" there`)

  // What it has begun, a server on a port that the main thread has taken, fails in a turn to come.
  await turn()
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

function isThenable (value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null)?.then === 'function'
}

/** Whether a value can be cloned for sure. */
function isPlain (value: unknown): boolean {
  return value === null || (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol')
}

function tell (message: ThreadMessage): void {
  parentPort?.postMessage(envelop(message))
}

process.on('uncaughtException', (thrown) => {
  const task = current.getStore()
  const error = toErrorData(thrown)

  // The one that is running now is not to blame for a task that has ended.
  if (task === undefined || task.hasEnded) return tell({ kind: 'late', task: task?.source.name, error })

  tell({ kind: 'crash', batch: task.batch, call: task.call, error })
  process.exit(1)
})
