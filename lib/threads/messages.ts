import { inspect } from 'node:util'
import { describe } from '../core/describe.js'
import { isError } from '../core/errors.js'
import type { Level } from '../core/task-logger.js'
import type { TaskSource } from '../core/task-registry.js'

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

// What travels between the threads is a structured clone. Here is what cannot be cloned, and what would lose too much.

/** Whether a value can go to another thread. */
export function isClonable (value: unknown): boolean {
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}

/** Finds the part of a value that cannot be cloned: the path to it, and what it is. */
export function findUnclonable (value: unknown): { path: string, problem: string } {
  let path = ''
  const seen = new Set<unknown>()

  for (let at = value; ;) {
    seen.add(at)
    const next = childrenOf(at).find(([, child]) => !seen.has(child) && !isClonable(child))
    if (next === undefined) return { path, problem: describe(at) }
    path += next[0]
    at = next[1]
  }
}

function childrenOf (value: unknown): Array<[step: string, child: unknown]> {
  try {
    if (value instanceof Map) return [...value].flatMap(([key, child], i) => [[`.keys()[${i}]`, key], [`.get(${describe(key)})`, child]])
    if (value instanceof Set) return [...value].map((child, i) => [`.values()[${i}]`, child])
    if (Array.isArray(value)) return value.map((child, i) => [`[${i}]`, child])
    if (typeof value === 'object' && value !== null) return Object.entries(value).map(([key, child]) => [`.${key}`, child])
  } catch {} // a getter throws: it is the value itself that cannot be cloned
  return []
}

/**
 * An error as plain data. A structured clone of an error would lose its class's name, its code and its other fields, and
 * nearly everything of an error of `@fastify/error`.
 */
export interface ErrorData {
  readonly isError: boolean
  /** What was thrown, if it is not an error. */
  readonly value?: unknown
  readonly name?: string
  readonly message?: string
  readonly stack?: string | undefined
  readonly cause?: ErrorData | undefined
  /** Those of an `AggregateError`. */
  readonly errors?: readonly ErrorData[] | undefined
  /** Other fields, as far as they can be cloned. */
  readonly fields?: Readonly<Record<string, unknown>>
}

/** JavaScript's own classes: their errors keep their class. */
const ownClasses = [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]

/** How deep causes are followed: they may be circular. */
const deepest = 5

/** Describes what was thrown, in a thread. Never throws. */
export function toErrorData (thrown: unknown, depth = 0): ErrorData {
  try {
    if (!isError(thrown)) return { isError: false, value: isClonable(thrown) ? thrown : String(thrown) }

    const { name, message, stack, cause, errors } = thrown as AggregateError
    const others = depth < deepest && Array.isArray(errors) ? errors : undefined
    return {
      isError: true,
      name: String(name),
      message: String(message),
      stack: stack && String(stack),
      cause: depth < deepest && cause !== undefined ? toErrorData(cause, depth + 1) : undefined,
      errors: others?.map((error) => toErrorData(error, depth + 1)),
      fields: fieldsOf(thrown)
    }
  } catch {
    return { isError: false, value: 'an error that cannot be read: one of its getters throws' }
  }
}

/** Makes the error again, on the main thread: of the same class if that is one of JavaScript's own. */
export function fromErrorData (data: ErrorData): unknown {
  if (!data.isError) return data.value

  const { name = 'Error', message = '', stack, cause, errors, fields } = data
  const Class = ownClasses.find((own) => own.name === name) ?? Error
  const error = new Class(message)
  if (Class.name !== name) define(error, 'name', name)
  define(error, 'stack', stack)
  if (cause !== undefined) define(error, 'cause', fromErrorData(cause))
  if (errors !== undefined) define(error, 'errors', errors.map(fromErrorData))
  return Object.assign(error, fields)
}

function fieldsOf (error: Error): Record<string, unknown> {
  const described = ['name', 'message', 'stack', 'cause', 'errors']
  return Object.fromEntries(Object.entries(error).filter(([key, value]) => !described.includes(key) && isClonable(value)))
}

/** As an error has them: not enumerable. */
function define (error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true })
}

const kError = 'fastify-background-tasks.error'

/** The arguments of a log line as plain data, in a thread. Throws what a getter throws, as loggers do. */
export function toLogData (args: unknown[]): unknown[] {
  return args.map((arg) => isFields(arg) ? toLogFields(arg) : toData(arg))
}

/** The fields of log lines as plain data, in a thread. */
export function toLogFields (fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, toData(value)]))
}

/** The arguments that {@link toLogData} has described, on the main thread. */
export function fromLogData (data: unknown[]): unknown[] {
  return data.map((arg) => isFields(arg) && !(kError in arg) ? fromLogFields(arg) : fromData(arg))
}

/** The fields that {@link toLogFields} has described, on the main thread. */
export function fromLogFields (data: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, fromData(value)]))
}

function isFields (arg: unknown): arg is object {
  return typeof arg === 'object' && arg !== null && !Array.isArray(arg) && !isError(arg)
}

function toData (value: unknown): unknown {
  if (isError(value)) return { [kError]: toErrorData(value) }
  const plain = toJson(value)
  return isClonable(plain) ? plain : inspect(plain, { depth: 1, maxStringLength: 200 })
}

/** What a logger shows of a value. Its clone has lost `toJSON` (a URL, a database document). */
function toJson (value: unknown): unknown {
  const { toJSON } = Object(value) as { toJSON?: unknown }
  return typeof toJSON === 'function' ? toJSON.call(value) : value
}

function fromData (data: unknown): unknown {
  const error = (data as { [kError]?: ErrorData } | null | undefined)?.[kError]
  return error === undefined ? data : fromErrorData(error)
}
