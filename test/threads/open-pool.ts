import type { Test } from 'tap'
import { Collection } from '../../lib/core/collection.js'
import { type ExecutionOptions, Executions } from '../../lib/core/executions.js'
import type { OnError, Owner } from '../../lib/core/owner.js'
import { runTask } from '../../lib/core/run-task.js'
import type { TaskFunction } from '../../lib/core/task-function.js'
import { Task } from '../../lib/core/task.js'
import { findThreadFile } from '../../lib/threads/open-threads.js'
import { loadTaskModules } from '../../lib/threads/task-modules.js'
import { ThreadExecution } from '../../lib/threads/thread-execution.js'
import { ThreadPool } from '../../lib/threads/thread-pool.js'
import type { ThreadOptions } from '../../lib/threads/thread-options.js'
import { exit } from '../fixtures/tasks/work.js'

export const tasks = new URL('../fixtures/tasks/', import.meta.url)

type Add = <F extends TaskFunction> (func: F, ...args: Parameters<F>) => void

export interface OpenPoolOptions extends ThreadOptions, ExecutionOptions {
  /** The module that runs batches in a thread. */
  file?: string
  owner?: Omit<Owner, 'executions'>
}

/** A pool of one thread that knows the fixture's tasks, closed when the test ends; what it reports; and ways to use it. */
export async function openPool (t: Test, { file = findThreadFile(), owner: more, timeout, retries, backoff, ...threads }: OpenPoolOptions = {}) {
  await loadTaskModules(tasks)
  const events: unknown[][] = []
  const record = (name: string) => (...args: unknown[]) => { events.push([name, ...args]) }
  const pool = new ThreadPool(file, { max: 1, ...threads }, {
    thrown: record('thrown'), logged: record('logged'), returnedPromise: record('returnedPromise'), noThreads: record('noThreads')
  })
  const executions = new Executions({ timeout, retries, backoff }, [new ThreadExecution(pool)])
  const owner: Owner = { executions, ...more }
  const run = (func: TaskFunction, ...args: unknown[]): Promise<any> => runTask(new Task(func, args), owner)

  /** Runs a collection, and resolves to what its tasks have thrown. */
  const collect = (fill: (add: Add) => void, onError: OnError = 'continue'): Promise<any[]> => {
    const collection = new Collection(owner, onError)
    fill((func, ...args) => { collection.add(new Task(func, args)) })
    return collection.run()
  }

  t.teardown(async () => {
    // A thread that is stopped writes no coverage; one that exits does.
    await run(exit, 0).catch(() => {})
    await pool.close()
  })
  return { pool, executions, owner, events, run, collect }
}
