import type { TaskLogger } from '../core/task-logger.js'
import { setTimeout } from '../core/timers.js'
import type { JobQueue } from './connection.js'
import { limited } from './limited.js'

/** After how long a job that no worker has begun is looked at, in milliseconds. */
const longestWait = 30_000
/** How long the server may take to answer, in milliseconds. */
const longestAnswer = 5_000

/** Warns once if no worker takes jobs off a queue. It watches one of the jobs that this process has stored, not all. */
export class UnattendedWatch {
  readonly #name: string
  readonly #log: TaskLogger
  readonly #longestWait: number
  #isWatching = false
  #hasWarned = false

  constructor (name: string, log: TaskLogger, wait = longestWait) {
    this.#name = name
    this.#log = log
    this.#longestWait = wait
  }

  /** A job was stored. */
  stored (queue: JobQueue, id: string): void {
    if (this.#isWatching) return

    this.#isWatching = true
    setTimeout(() => {
      limited(this.#look(queue, id), longestAnswer).catch(() => {}).finally(() => { this.#isWatching = false })
    }, this.#longestWait).unref()
  }

  async #look (queue: JobQueue, id: string): Promise<void> {
    const job = await queue.getJob(id)
    const isWaiting = job !== undefined && job.processedOn === undefined && await queue.getActiveCount() === 0 && await queue.getWorkersCount() === 0
    if (isWaiting && !this.#hasWarned) this.#log.warn({ queue: this.#name, job: id }, `no worker runs the jobs of the queue "${this.#name}": start one with the command fastify-background-tasks worker`)
    this.#hasWarned = isWaiting
  }
}
