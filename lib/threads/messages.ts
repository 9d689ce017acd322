import type { TaskSource } from '../core/task-registry.js'
import type { ErrorData } from './error-data.js'

/** Tasks that travel to a thread together. */
export interface BatchMessage {
  readonly id: number
  /** Where main thread and worker thread tell each other how far the batch has come. */
  readonly progress: SharedArrayBuffer
  /** The functions that the calls name by index. */
  readonly functions: readonly TaskSource[]
  readonly lanes: readonly LaneMessage[]
}

/** Calls that run in order. */
export interface LaneMessage {
  /** The index of its first call among those of the batch. */
  readonly first: number
  readonly stopOnError: boolean
  readonly calls: readonly CallMessage[]
}

/** A function, by index; its arguments; and whether somebody waits for its result. */
export type CallMessage = readonly [func: number, args: unknown[], wantsResult: boolean]

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
