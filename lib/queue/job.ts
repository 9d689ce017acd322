import { FST_BGT_INVALID_JOB, FST_BGT_QUEUE_UNAVAILABLE } from '../core/errors.js'
import { aCount, atLeastOne, milliseconds, someMilliseconds } from '../core/option-rules.js'
import type { OnError } from '../core/owner.js'
import type { ResolvedQueueOptions } from './queue-options.js'
import { safeText } from './safe-text.js'

/** A task as a job holds it. */
export interface StoredTask {
  readonly id: string
  readonly name: string
  readonly args: unknown[]
  /** How many attempts it has. */
  readonly attempts: number
  /** The longest that an attempt may take, in milliseconds. */
  readonly timeout?: number | undefined
}

/** The queue tasks of a collection, as they are stored. */
export interface JobData {
  /** The version of this form. */
  readonly version: 1
  readonly onError: OnError
  /** The id of the request whose tasks they are. */
  readonly reqId?: string | undefined
  /** How long a task waits for its second attempt, in milliseconds. */
  readonly backoff?: number | undefined
  readonly tasks: StoredTask[]
}

/** How far a job is, recorded after each task. Its positions are absolute, so that a record may be repeated. */
export interface JobProgress {
  /** The index of the task that is next. */
  position: number
  /** How many attempts at that task have failed. */
  failures: number
  /** How often that task was begun, as far as recorded, without an end: its workers may have died of it. */
  starts: number
  /** How often a worker had lost the job when this was recorded. */
  losses: number
  /** How often the job had ended when this was recorded: one that had is retried by hand. */
  ends: number
  /** The tasks that have failed permanently: the index of each, and a short reason, of the first ones. */
  readonly failed: Array<readonly [position: number, reason: string]>
  /** If the job is retried by hand: the tasks that had failed, which are the only ones to run again. */
  only?: number[] | undefined
  /** When a worker first did not know the task that is next, in milliseconds since 1970. */
  unknownSince?: number | undefined
}

/** @throws `FST_BGT_INVALID_JOB` if the data were not stored by this package */
export function parseJobData (data: unknown): JobData {
  if (!isRecord(data)) throw new FST_BGT_INVALID_JOB('its data is not an object')
  if (data.version !== 1) throw new FST_BGT_INVALID_JOB(`its data has version ${JSON.stringify(data.version)}, but this worker knows version 1 only`)
  if (data.onError !== 'continue' && data.onError !== 'stop') throw new FST_BGT_INVALID_JOB('its onError is neither "continue" nor "stop"')
  if (data.reqId !== undefined && typeof data.reqId !== 'string') throw new FST_BGT_INVALID_JOB('its reqId is not a string')
  if (data.backoff !== undefined && !milliseconds.accepts(data.backoff)) throw new FST_BGT_INVALID_JOB('its backoff is not a number of milliseconds')
  if (!Array.isArray(data.tasks) || data.tasks.length === 0) throw new FST_BGT_INVALID_JOB('it has no tasks')

  const wrong = data.tasks.findIndex((task) => !isStoredTask(task))
  if (wrong !== -1) throw new FST_BGT_INVALID_JOB(`its tasks[${wrong}] is not a task: a task has an id, a name, an array of args and a number of attempts`)
  return data as unknown as JobData
}

/** The recorded progress of a job; that of one that has not begun if nothing valid is recorded. */
export function parseProgress (progress: unknown, { tasks }: JobData): JobProgress {
  const isValid = isProgress(progress) && progress.position <= tasks.length
  return isValid ? structuredClone(progress) : { position: 0, failures: 0, starts: 0, losses: 0, ends: 0, failed: [] }
}

function isProgress (progress: unknown): progress is JobProgress {
  if (!isRecord(progress)) return false

  const { position, failures, starts, losses, ends, failed, only = [], unknownSince = 0 } = progress
  return [position, failures, starts, losses, ends, unknownSince].every(aCount.accepts) &&
    Array.isArray(failed) && failed.every(isFailure) && Array.isArray(only) && only.every(aCount.accepts)
}

function isFailure (failure: unknown): boolean {
  return Array.isArray(failure) && aCount.accepts(failure[0]) && typeof failure[1] === 'string'
}

function isStoredTask (task: unknown): task is StoredTask {
  return isRecord(task) &&
    typeof task.id === 'string' && typeof task.name === 'string' && Array.isArray(task.args) &&
    atLeastOne.accepts(task.attempts) && (task.timeout === undefined || someMilliseconds.accepts(task.timeout))
}

function isRecord (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

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
  /** When it was stored, in milliseconds since 1970. */
  readonly storedAt: number
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
