import type { FastifyBaseLogger } from 'fastify'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionOptions } from '../core/executions/execution.js'
import { Executions } from '../core/executions/index.js'
import type { TaskListeners } from '../task-log.js'
import { loadTaskModules, type TaskModules } from '../threads/task-modules.js'
import { Engine } from './engine.js'
import { JobStore } from './job-store.js'
import type { ResolvedQueueOptions } from './queue-options.js'
import { startWorker, type StartedWorker } from './start-worker.js'

/** How often a queue is asked whether it is empty, in milliseconds. */
const busyInterval = 20

/** An app's queue: where it stores its tasks, and its own worker, if it has one. */
export class AppQueue {
  readonly store: JobStore
  readonly #engine: Engine
  #worker: StartedWorker | undefined

  /** @throws `FST_BGT_MISSING_DEPENDENCY` */
  static async open (options: ResolvedQueueOptions, log: FastifyBaseLogger): Promise<AppQueue> {
    const engine = await Engine.load(options.name, options.connection)
    const queue = new AppQueue(engine, new JobStore(engine, options, log))
    await queue.store.connect()
    return queue
  }

  private constructor (engine: Engine, store: JobStore) {
    this.#engine = engine
    this.store = store
  }

  /** Takes jobs in this process, if the options say so. */
  async work (tasks: TaskModules, executionOptions: ExecutionOptions, listeners: TaskListeners, log: FastifyBaseLogger): Promise<void> {
    const { concurrency } = this.store.options
    if (concurrency === undefined) return

    const functions = await loadTaskModules(tasks)
    this.#worker = await startWorker(this.#engine, { functions, executions: new Executions(executionOptions), concurrency, listeners, log })
  }

  /** Whether jobs are left that a worker of this process will take. */
  async isBusy (): Promise<boolean> {
    if (this.#worker === undefined || await this.store.countJobs().catch(() => 0) === 0) return false
    await sleep(busyInterval)
    return true
  }

  /** From now on nothing waits for workers, and that of this process takes no more jobs. */
  hurry (): void {
    this.store.hurry()
    this.closeWorker().catch(() => {}) // awaited by who closes
  }

  /** Takes no more jobs, and finishes those at work. */
  async closeWorker (): Promise<void> {
    await this.#worker?.close()
  }

  /** Leaves the jobs at work to others. */
  async abandonWorker (): Promise<void> {
    await this.#worker?.abandon()
  }
}
