import type { JobProgress } from './job-data.js'

/** A job that is being run, whatever it is stored on. */
export interface ActiveJob {
  readonly id: string
  /** The queue's name. */
  readonly queue: string
  /** Whether another worker runs it if this process leaves it. */
  readonly isDurable: boolean
  /** As they were stored, or as anybody stored them. */
  readonly data: unknown
  readonly progress: unknown
  /** How often a worker has lost it: died, or was out of touch for longer than its lock. */
  readonly losses: number
  /** How often it had ended: more than never if it is retried by hand. */
  readonly ends: number
  /** Aborts when it is this worker's job no more. */
  readonly signal: AbortSignal
  /** Makes sure that it is this worker's job. Resolves to false if it is not. */
  confirm (): Promise<boolean>
  /** Records how far it is. Resolves to false if it is this worker's job no more. */
  record (progress: JobProgress): Promise<boolean>
  /** Leaves it, and aborts the signal. */
  abandon (reason: unknown): void
}

/** What is to become of a job that was run. */
export type Ending =
  | { readonly type: 'completed' }
  | { readonly type: 'failed', readonly reason: string }
  /** It comes back after some milliseconds. */
  | { readonly type: 'delayed', readonly delay: number }
  /** It is this worker's job no more: another one has it, or will. */
  | { readonly type: 'lost' }
