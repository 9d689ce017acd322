import { FST_BGT_QUEUE_UNAVAILABLE } from '../core/errors.js'
import type { JobData } from './job-data.js'
import type { ResolvedQueueOptions } from './queue-options.js'
import { safeText } from './safe-text.js'

/** A job that is to be stored. */
export interface NewJob {
  readonly id: string
  readonly data: JobData
  /** In bytes of JSON, about. */
  readonly size: number
}

/** Where jobs of one queue are stored. */
export interface JobTarget {
  /** Whether the server is known to be unavailable. */
  readonly isAway: boolean
  /** @throws `FST_BGT_QUEUE_UNAVAILABLE` if the job is not stored, as far as is known */
  store (job: NewJob): Promise<void>
  /** Removes a job that should not run after all. A worker may have it by then. */
  withdraw (id: string): void
  /** A job was stored by other means: whether workers take such ones is still to be seen. */
  storedElsewhere? (id: string): void
}

/** A job as BullMQ stores it. It is retained by age alone: with a count, workers on PostgreSQL deadlock. */
export function bullJobOf ({ id, data }: NewJob, { keepCompleted, keepFailed }: ResolvedQueueOptions) {
  return { name: titleOf(data.tasks), data, opts: { jobId: id, attempts: 1, removeOnComplete: { age: keepCompleted }, removeOnFail: { age: keepFailed } } }
}

/** What dashboards show. */
function titleOf (tasks: ReadonlyArray<{ readonly name: string }>): string {
  return safeText(tasks.slice(0, 10).map(({ name }) => name).join(', '), 100)
}

/** Clients see the message: it says nothing about hosts, roles or drivers. */
export function unavailable (cause?: Error): Error {
  return new FST_BGT_QUEUE_UNAVAILABLE('its server is unavailable', { cause })
}
