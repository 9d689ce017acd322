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
  readonly func: TaskSource
  hasEnded: boolean
}

const loaded = new Map<string, TaskFunction>()
const current = new AsyncLocalStorage<Task>()

export default async function runBatch ({ id, progress: memory, functions, lanes }: BatchMessage): Promise<void> {
  const progress = new Progress(memory)

  for (let lane = progress.claimLane(); lane !== undefined; lane = progress.claimLane()) {
    const { first, stopOnError, calls } = lanes[lane]!
    for (const [i, [func, args, wantsResult]] of calls.entries()) {
      const task: Task = { batch: id, call: first + i, func: functions[func]!, hasEnded: false }
      const failed = await current.run(task, run, task, args, wantsResult, progress)
      if (failed && stopOnError) break
    }
  }
}

/** Runs a task, tells how it has ended, and says whether it has failed. */
async function run (task: Task, args: unknown[], wantsResult: boolean, progress: Progress): Promise<boolean> {
  const { batch, call } = task
  const end = async (status: Parameters<Progress['end']>[1]) => {
    task.hasEnded = true
    await unlessCondemned(progress.end(call, status))
  }
  const fail = async (failure: Failure) => {
    tell({ kind: 'failure', batch, call, failure })
    await end(Status.failed)
    return true
  }

  let func: TaskFunction
  try {
    func = loaded.get(keyOf(task.func)) ?? await load(task, progress)
  } catch (error) {
    return await fail({ of: 'module', error: toErrorData(error) })
  }

  let result: unknown
  await unlessCondemned(progress.begin(call, Status.running))
  try {
    result = await func(...args)
  } catch (error) {
    return await fail({ of: 'thrown', error: toErrorData(error) })
  }

  const isTold = wantsResult && result !== undefined
  try {
    if (isTold) tell({ kind: 'result', batch, call, value: result })
    else if (!isPlain(result)) structuredClone(result)
  } catch {
    return await fail({ of: 'result', ...findUnclonable(result) })
  }
  await end(isTold ? Status.resulted : Status.completed)
  return false
}

/** A task that is condemned goes no further: its thread is about to be stopped. */
async function unlessCondemned (goesOn: boolean): Promise<void> {
  if (!goesOn) await new Promise(() => {})
}

async function load ({ call, func }: Task, progress: Progress): Promise<TaskFunction> {
  progress.begin(call, Status.loading)
  const found = functionsOf(func.module, await importModule(func.module)).get(func.exportName)
  if (found === undefined) throw new Error(`it exports no function "${func.exportName}" there`)

  // What it has begun, a server on a port that the main thread has taken, fails in a turn to come.
  await turn()
  loaded.set(keyOf(func), found)
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
  if (task === undefined || task.hasEnded) return tell({ kind: 'late', task: task?.func.name, error })

  tell({ kind: 'crash', batch: task.batch, call: task.call, error })
  process.exit(1)
})
