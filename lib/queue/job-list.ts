import { Connection } from './connection.js'
import { limited } from '../core/timers.js'
import type { ResolvedQueueOptions } from './queue-options.js'
import { throwRefusal } from './server-error.js'

/** How long the server may take to answer, in milliseconds. */
const longestAnswer = 10_000
/** How many jobs are retried at a time. */
const retriedAtATime = 1_000

/** A job that has failed. */
export interface FailedJob {
  readonly id: string
  /** The names of its tasks. */
  readonly name: string
  /** Which of them failed, and why. */
  readonly reason: string
  readonly failedAt: Date
}

/** What is on a queue. */
export interface JobList {
  readonly waiting: number
  readonly active: number
  readonly delayed: number
  readonly completed: number
  readonly failed: number
  /** The latest ones. */
  readonly failures: FailedJob[]
}

/** Looks at a queue, and retries what has failed on it: for the command line. */
export class JobLister {
  readonly #connection: Connection
  readonly #name: string

  /** @throws `FST_BGT_MISSING_DEPENDENCY` */
  static async load (options: ResolvedQueueOptions): Promise<JobLister> {
    return new JobLister(await Connection.load(options), options.name)
  }

  private constructor (connection: Connection, name: string) {
    this.#connection = connection
    this.#name = name
  }

  /** How many jobs there are, and the latest that failed. */
  async jobs (latest = 10): Promise<JobList> {
    return await this.#ask(async (queue) => {
      const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'completed', 'failed') as Omit<JobList, 'failures'>
      const jobs = await queue.getFailed(0, latest - 1)
      return { ...counts, failures: jobs.map(({ id, name, failedReason, finishedOn }) => ({ id: String(id), name, reason: String(failedReason), failedAt: new Date(Number(finishedOn)) })) }
    })
  }

  /** Retries a failed job: those of its tasks that failed, or were skipped, run again. Resolves to how many jobs are retried. */
  async retry (which: 'all' | { readonly id: string }): Promise<number> {
    return await this.#ask(async (queue) => {
      if (which !== 'all') {
        const job = await queue.getJob(which.id)
        if (job === undefined || !await job.isFailed()) return 0
        await job.retry('failed')
        return 1
      }

      const before = await queue.getFailedCount()
      await queue.retryJobs({ state: 'failed', count: retriedAtATime })
      return before
    })
  }

  async #ask<T> (question: (queue: Awaited<ReturnType<Connection['openQueue']>>['queue']) => Promise<T>): Promise<T> {
    const open = await this.#connection.openQueue(this.#name).catch((error: unknown) => { throwRefusal(error); throw error })
    try {
      return await limited(question(open.queue), longestAnswer)
    } finally {
      await limited(open.queue.close(), longestAnswer).catch(() => {}).finally(open.abandon)
    }
  }
}
