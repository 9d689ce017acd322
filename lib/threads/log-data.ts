import { inspect } from 'node:util'
import { isError } from '../core/is-error.js'
import { isClonable } from './clone.js'
import { fromErrorData, toErrorData, type ErrorData } from './error-data.js'

const kError = 'fastify-background-tasks.error'

/** The arguments of a log line as plain data, in a thread. Throws what a getter throws, as loggers do. */
export function toLogData (args: unknown[]): unknown[] {
  return args.map((arg) => isFields(arg) ? toLogFields(arg) : toData(arg))
}

/** The fields of log lines as plain data, in a thread. */
export function toLogFields (fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, toData(value)]))
}

/** What {@link toLogData} has made data of, on the main thread. */
export function fromLogData (data: unknown[]): unknown[] {
  return data.map((arg) => isFields(arg) && !(kError in arg) ? fromLogFields(arg) : fromData(arg))
}

/** What {@link toLogFields} has made data of, on the main thread. */
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

/** What a logger shows of a value: a clone (of an URL, a document of a database) knows no `toJSON` any more. */
function toJson (value: unknown): unknown {
  const { toJSON } = Object(value) as { toJSON?: unknown }
  return typeof toJSON === 'function' ? toJSON.call(value) : value
}

function fromData (data: unknown): unknown {
  const error = (data as { [kError]?: ErrorData } | null | undefined)?.[kError]
  return error === undefined ? data : fromErrorData(error)
}
