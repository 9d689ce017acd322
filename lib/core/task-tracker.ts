import { EventEmitter, once } from 'node:events'
import type { TrackedTasks } from './tracked-tasks.js'

/** Counts the tasks of an app, and knows which collections still hold some. */
export class TaskTracker {
  /** Tasks that were accepted and have not started. */
  waiting = 0
  running = 0
  completed = 0
  failed = 0
  /** Handlers at work: each may still add tasks. */
  handlers = 0
  readonly #collections = new Set<TrackedTasks>()
  readonly #events = new EventEmitter().setMaxListeners(0)

  handlerStarted (): void {
    this.handlers++
  }

  handlerSettled (): void {
    this.handlers--
    this.#announce()
  }

  taskAccepted (collection: TrackedTasks): void {
    this.waiting++
    this.#collections.add(collection)
  }

  taskStarted (): void {
    this.waiting--
    this.running++
  }

  taskEnded (collection: TrackedTasks, outcome: 'completed' | 'failed'): void {
    this.running--
    this[outcome]++
    if (collection.isEmpty) this.#collections.delete(collection)
    this.#announce()
  }

  tasksDiscarded (collection: TrackedTasks, count: number): void {
    this.waiting -= count
    if (collection.isEmpty) this.#collections.delete(collection)
    this.#announce()
  }

  /** Resolves when no task is waiting or running. */
  async idle (): Promise<void> {
    while (this.waiting + this.running > 0) await once(this.#events, 'change')
  }

  /** Resolves when no task is waiting or running and no handler is left that could add one. */
  async finished (): Promise<void> {
    while (this.handlers + this.waiting + this.running > 0) await once(this.#events, 'change')
  }

  /** Gives up what has not ended: what waits will not run, and each unfinished task is reported. */
  abandon (): void {
    for (const collection of [...this.#collections]) collection.abandon()
  }

  /** Wakes those who wait for the end of something. */
  #announce (): void {
    if (this.waiting + this.running === 0 || this.handlers === 0) this.#events.emit('change')
  }
}
