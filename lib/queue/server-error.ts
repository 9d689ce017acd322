import { FST_BGT_QUEUE_CONNECTION, isError, messageOf } from '../core/errors.js'
import { safeText } from './safe-text.js'

/** An error of the server, or of its client package. Of these only the code and the message are looked at. */
type ServerError = Partial<Error> & { readonly code?: unknown, readonly syscall?: unknown, readonly errors?: unknown }

/** The longest message of a server that is kept. */
const longestMessage = 500

/** SQLSTATEs of PostgreSQL's permanent refusals: password, role, database, rights, and functions that the search path hides. */
const refusingCodes = ['28P01', '28000', '3D000', '42501', '42883', '3F000']
const refusingNames = ['SchemaMigrationRequiredError', 'SchemaVersionMismatchError', 'UnsupportedPostgresVersionError']
const refusingMessages = /^(WRONGPASS|NOAUTH|NOPERM|SASL)|unsupported startup parameter|no such (user|database)|password authentication failed|does not support SSL|DB index|Redis version needs|does not support ioredis prefixes/

/**
 * The error without what the client packages put on it: the arguments of tasks, as part of the command or query that failed.
 * Only name, code, message and stack are kept.
 */
export function withoutArguments (thrown: unknown): Error {
  const { name, stack, code } = (isError(thrown) ? thrown : {}) as ServerError
  const copy = new Error(safeText(problemOf(thrown), longestMessage))
  if (typeof name === 'string') Object.defineProperty(copy, 'name', { value: name, configurable: true, writable: true })
  if (typeof stack === 'string') copy.stack = stack.replace(String((thrown as Error).message), () => copy.message)
  return code === undefined ? copy : Object.assign(copy, { code })
}

/** Some errors of connections have no message, but are several. */
function problemOf (thrown: unknown): string {
  const { errors } = (thrown ?? {}) as ServerError
  return messageOf(thrown) || (Array.isArray(errors) ? errors.map(messageOf).join(', ') : 'the server is unavailable')
}

/** Whether waiting does not cure it: the server refuses us permanently. */
export function isRefusal (thrown: unknown): boolean {
  const { code, name } = (thrown ?? {}) as ServerError
  return refusingCodes.includes(String(code)) || refusingNames.includes(String(name)) || refusingMessages.test(messageOf(thrown))
}

/** @throws `FST_BGT_QUEUE_CONNECTION` if the server refuses us permanently */
export function throwRefusal (error: unknown): void {
  if (!isRefusal(error)) return

  const cause = withoutArguments(error)
  throw new FST_BGT_QUEUE_CONNECTION(`its server refuses the connection: ${cause.message}`, { cause })
}

/** Whether another server has become the primary, and this one is not, or not yet, able to store anything. */
export function isOfReplica (thrown: unknown): boolean {
  const { code } = (thrown ?? {}) as ServerError
  return code === '25006' || /^(READONLY|LOADING|MASTERDOWN)/.test(messageOf(thrown)) // 25006: read-only transaction
}

/** Whether the connection was not there, so that nothing was sent. PostgreSQL: it is starting, or has no connection left. */
export function isUnsent (thrown: unknown): boolean {
  const { code, syscall } = (thrown ?? {}) as ServerError
  return syscall === 'connect' || syscall === 'getaddrinfo' || ['ECONNREFUSED', '57P03', '53300'].includes(String(code)) || /^Stream isn't writeable/.test(messageOf(thrown))
}

/** Whether the server says that the job is not, or no longer, with this worker. BullMQ's codes: no such job, no lock, not active, another lock. */
export function isNotOurs (thrown: unknown): boolean {
  const { code } = (thrown ?? {}) as ServerError
  return typeof code === 'number' && [-1, -2, -3, -6].includes(code)
}

/** Whether recording the same once more would fail in the same way: PostgreSQL refuses the data or the statement, Redis the command. */
export function isIncurable (thrown: unknown): boolean {
  const { code } = (thrown ?? {}) as ServerError
  return isNotOurs(thrown) || /^(22|23|42|54)...$/.test(String(code)) || /^(NOPERM|WRONGTYPE)/.test(messageOf(thrown))
}
