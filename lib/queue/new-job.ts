import { FST_BGT_QUEUE_UNAVAILABLE } from '../core/errors.js'
import type { JobData } from './job-data.js'

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
}

/** Clients see the message: it says nothing about hosts, roles or drivers. */
export function unavailable (cause?: Error): Error {
  return new FST_BGT_QUEUE_UNAVAILABLE('its server is unavailable', { cause })
}
