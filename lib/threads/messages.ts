import type { TaskSource } from '../core/task-registry.js'
import type { ErrorData } from './error-data.js'

/**
 * Tasks that travel to a thread together. It is flat, as a structured clone pays for each object and the names of its
 * fields.
 */
export interface BatchMessage {
  readonly id: number
  /** Where main thread and worker thread tell each other how far the batch has come. */
  readonly progress: SharedArrayBuffer
  readonly functions: readonly TaskSource[]
  /** Of each lane the index of its first call; it ends where the next one begins. */
  readonly firstCalls: readonly number[]
  /** Of each lane, whether those behind a call that has failed do not run. */
  readonly stopOnError: readonly boolean[]
  /** Of each call the index of its function. */
  readonly calls: readonly number[]
  readonly args: ReadonlyArray<unknown[]>
  /** Of each call, whether somebody waits for its result. */
  readonly wantsResult: readonly boolean[]
}

/** What a thread tells of its own accord; the rest, shared memory does. */
export type ThreadMessage =
  | { readonly kind: 'result', readonly batch: number, readonly call: number, readonly value: unknown }
  | { readonly kind: 'failure', readonly batch: number, readonly call: number, readonly failure: Failure }
  /** A callback of a task has thrown, which ends the thread. */
  | { readonly kind: 'crash', readonly batch: number, readonly call: number, readonly error: ErrorData }
  /** A callback of a task that has ended has thrown. */
  | { readonly kind: 'late', readonly task: string | undefined, readonly error: ErrorData }

/** What a call has failed of: what it threw, what it returned, or its module. */
export type Failure =
  | { readonly of: 'thrown' | 'module', readonly error: ErrorData }
  | { readonly of: 'result', readonly path: string, readonly problem: string }

const kThreadMessage = 'fastify-background-tasks'

/** In an envelope, as tasks may send messages of their own. */
export function envelop (message: ThreadMessage): object {
  return { [kThreadMessage]: message }
}

/** What is in the envelope; nothing where it is none of ours. */
export function open (envelope: unknown): ThreadMessage | undefined {
  return (envelope as { [kThreadMessage]?: ThreadMessage } | null)?.[kThreadMessage]
}
