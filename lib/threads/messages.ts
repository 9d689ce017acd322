import type { Level } from '../core/task-logger.js'
import type { TaskSource } from '../core/task-registry.js'
import type { ErrorData } from './transfer.js'

/**
 * Calls that travel to a thread together. It is flat, as a structured clone pays for each object and the names of its
 * fields.
 */
export interface BatchMessage {
  readonly id: number
  /** The memory in which both threads see how far the batch has come. */
  readonly progress: SharedArrayBuffer
  readonly functions: readonly TaskSource[]
  /** Of each slice, the index of its first call. A slice ends where the next one begins. */
  readonly firstCalls: readonly number[]
  /** Of each call, the index of its function. */
  readonly calls: readonly number[]
  readonly args: ReadonlyArray<readonly unknown[]>
  /** Of each call, whether somebody awaits its result. */
  readonly wantsResult: readonly boolean[]
  /** Of each call, its task's id. */
  readonly ids: readonly string[]
  /** Of each call, the number of the attempt. */
  readonly attempts: readonly number[]
  /** Of each call, its timeout in milliseconds. */
  readonly timeouts: ReadonlyArray<number | undefined>
  /** The lowest level at which any of its loggers writes. */
  readonly logLevel: number
}

/** What a thread sends about a call. The rest is in shared memory. */
export type CallMessage =
  | { readonly kind: 'result', readonly value: unknown }
  | { readonly kind: 'failure', readonly failure: Failure }
  /** Its function has returned a promise. */
  | { readonly kind: 'promise' }
  /** A callback of the task has thrown, which ends the thread. */
  | { readonly kind: 'crash', readonly error: ErrorData }
  /** The task has logged a line. */
  | { readonly kind: 'log', readonly line: LogLine }

export type ThreadMessage =
  | CallMessage & { readonly batch: number, readonly call: number }
  /** A callback of a task that has ended has thrown. */
  | { readonly kind: 'late', readonly task: string | undefined, readonly error: ErrorData }

/** Why a call has failed: what it threw, what it returned, or its module. */
export type Failure =
  | { readonly of: 'thrown' | 'module', readonly error: ErrorData }
  | { readonly of: 'result', readonly path: string, readonly problem: string }

/** What a task has logged. */
export interface LogLine {
  readonly level: Level
  readonly args: unknown[]
  readonly bindings: Record<string, unknown>
  readonly task: string
  readonly taskId: string
}

const kThreadMessage = 'fastify-background-tasks'

/** In an envelope, as tasks may send messages of their own. */
export function envelop (message: ThreadMessage): object {
  return { [kThreadMessage]: message }
}

/** What is in the envelope; `undefined` if a task has sent the message. */
export function open (envelope: unknown): ThreadMessage | undefined {
  return (envelope as { [kThreadMessage]?: ThreadMessage } | null)?.[kThreadMessage]
}
