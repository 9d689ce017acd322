import type { OnError } from '../core/collection.js'
import { FST_BGT_INVALID_JOB } from '../core/errors.js'
import { aCount, atLeastOne, someMilliseconds } from '../core/options.js'

/** A task as a job has it. */
export interface StoredTask {
  readonly id: string
  readonly name: string
  readonly args: unknown[]
  /** How often it is tried in all. */
  readonly attempts: number
  /** In milliseconds. */
  readonly timeout?: number | undefined
}

/** Neighbouring tasks of a collection, as they are stored. */
export interface JobData {
  /** The version of this form. */
  readonly version: 1
  readonly onError: OnError
  /** The id of the request whose tasks they are. */
  readonly reqId?: string | undefined
  readonly tasks: StoredTask[]
}

/** What has become of a task. */
export type Outcome = 'completed' | 'failed' | 'skipped'

/** How far a job has come, recorded after each task. */
export interface JobProgress {
  /** Of the tasks that have ended, in order. */
  readonly outcomes: Outcome[]
  /** Those that have failed for good. */
  readonly failed: Array<{ readonly id: string, readonly name: string, readonly message: string }>
  /** How often the task that is next has failed. */
  failures: number
  /** How often workers had died of the job when that task's turn came. */
  deaths: number
}

/** @throws `FST_BGT_INVALID_JOB` where data are none of ours */
export function parseJobData (data: unknown): JobData {
  if (!isRecord(data)) throw new FST_BGT_INVALID_JOB('its data are no object')
  if (data.version !== 1) throw new FST_BGT_INVALID_JOB(`its data have version ${JSON.stringify(data.version)}, where this worker knows 1`)
  if (data.onError !== 'continue' && data.onError !== 'stop') throw new FST_BGT_INVALID_JOB('its onError is neither "continue" nor "stop"')
  if (data.reqId !== undefined && typeof data.reqId !== 'string') throw new FST_BGT_INVALID_JOB('its reqId is no string')
  if (!Array.isArray(data.tasks) || data.tasks.length === 0) throw new FST_BGT_INVALID_JOB('it has no tasks')

  const wrong = data.tasks.findIndex((task) => !isStoredTask(task))
  if (wrong !== -1) throw new FST_BGT_INVALID_JOB(`its tasks[${wrong}] is none: a task has an id, a name, an array of args and a count of attempts`)
  return data as unknown as JobData
}

/** The progress of a job; that of one which has just begun where there is none of ours. */
export function parseProgress (progress: unknown, { tasks }: JobData): JobProgress {
  const isOurs = isProgress(progress) && progress.outcomes.length <= tasks.length
  return isOurs ? progress : { outcomes: [], failed: [], failures: 0, deaths: 0 }
}

const outcomes: unknown[] = ['completed', 'failed', 'skipped'] satisfies Outcome[]

function isProgress (progress: unknown): progress is JobProgress {
  return isRecord(progress) &&
    Array.isArray(progress.outcomes) && progress.outcomes.every((outcome) => outcomes.includes(outcome)) &&
    Array.isArray(progress.failed) && progress.failed.every(isFailure) &&
    progress.failed.length === progress.outcomes.filter((outcome) => outcome === 'failed').length &&
    aCount.accepts(progress.failures) && aCount.accepts(progress.deaths)
}

function isFailure (failure: unknown): boolean {
  return isRecord(failure) && [failure.id, failure.name, failure.message].every((value) => typeof value === 'string')
}

function isStoredTask (task: unknown): task is StoredTask {
  return isRecord(task) &&
    typeof task.id === 'string' && typeof task.name === 'string' && Array.isArray(task.args) &&
    atLeastOne.accepts(task.attempts) && (task.timeout === undefined || someMilliseconds.accepts(task.timeout))
}

function isRecord (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
