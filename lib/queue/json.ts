import { describe } from '../core/describe.js'
import { problemOfText } from './safe-text.js'

/** A value that would not come out of the queue as it went in, and where it is. */
export interface Loss {
  /** For example `[1].mail.date`. */
  readonly path: string
  readonly problem: string
}

/** How deep values may be nested: JSON.stringify() and JSON.parse() have limits of their own. */
const deepest = 500

/**
 * Finds what would not survive JSON or the queue's server; `undefined` if all does. A property that is `undefined` may
 * vanish, and -0 may become 0: it is the result of rounding, and equals 0.
 */
export function findLoss (value: unknown): Loss | undefined {
  return lossIn(value, [])
}

/** @param ancestors the objects that hold the value; as it was when it returns */
function lossIn (value: unknown, ancestors: object[]): Loss | undefined {
  if (typeof value === 'string') return lossInText(value)
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : here(String(value))
  if (typeof value === 'boolean' || value === null) return
  if (typeof value !== 'object') return here(describe(value))
  if (ancestors.includes(value)) return here('an object that contains itself')
  if (ancestors.length >= deepest) return here(`nested deeper than ${deepest} levels`)

  ancestors.push(value)
  try {
    return Array.isArray(value) ? lossInArray(value, ancestors) : lossInObject(value, ancestors)
  } catch {
    return here('an object that cannot be read: a getter throws')
  } finally {
    ancestors.pop()
  }
}

function lossInText (text: string): Loss | undefined {
  const problem = problemOfText(text)
  return problem === undefined ? undefined : here(problem)
}

function lossInArray (array: unknown[], ancestors: object[]): Loss | undefined {
  // An array of another realm is as good: there are two prototypes above it, too.
  if (Object.getPrototypeOf(Object.getPrototypeOf(Object.getPrototypeOf(array))) !== null) return here(classOf(array))
  if (hasToJson(array)) return within('.toJSON', here('a function'))

  for (let i = 0; i < array.length; i++) {
    const loss = lossIn(array[i], ancestors)
    if (loss !== undefined) return within(`[${i}]`, loss)
  }
}

function lossInObject (object: object, ancestors: object[]): Loss | undefined {
  const prototype = Object.getPrototypeOf(object)
  // An object of another realm is plain, too: there is nothing above its prototype.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return here(classOf(object))
  if (hasToJson(object)) return within('.toJSON', here('a function'))

  for (const key of Object.keys(object)) {
    const value = (object as Record<string, unknown>)[key]
    if (value === undefined) continue

    const wrongKey = problemOfText(key)
    if (wrongKey !== undefined) return here(`an object one of whose keys is ${wrongKey}`)
    const loss = lossIn(value, ancestors)
    if (loss !== undefined) return within(/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`, loss)
  }
}

/** JSON.stringify() asks the object itself for a replacement. */
function hasToJson (object: object): boolean {
  return typeof (object as { toJSON?: unknown }).toJSON === 'function'
}

function here (problem: string): Loss {
  return { path: '', problem }
}

/** The path is put together only if there is a loss. */
function within (step: string, { path, problem }: Loss): Loss {
  return { path: step + path, problem }
}

function classOf (object: object): string {
  if (object instanceof Date) return 'a Date (pass its toISOString(), and create a Date from that in the task)'
  const name: unknown = object.constructor?.name
  return `an instance of ${typeof name === 'string' && name !== '' ? name : 'a class'}`
}
