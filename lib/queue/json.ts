import { describe } from '../core/describe.js'

/** A value that JSON would change, and where it is. */
export interface Loss {
  /** For example `[1].mail.date`. */
  readonly path: string
  readonly problem: string
}

/** How deep values may be nested: JSON.stringify() and JSON.parse() have limits of their own. */
const deepest = 500

/**
 * Finds what would not come out of JSON as it went in; `undefined` where all does. A property that is `undefined` may go,
 * and -0 may become 0: it comes of rounding, and equals 0.
 */
export function findLoss (value: unknown): Loss | undefined {
  return lossIn(value, [])
}

/** @param ancestors the objects that hold the value; as it was when it returns */
function lossIn (value: unknown, ancestors: object[]): Loss | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : here(String(value))
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return
  if (typeof value !== 'object') return here(describe(value))
  if (ancestors.includes(value)) return here('an object that holds itself')
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

function lossInArray (array: unknown[], ancestors: object[]): Loss | undefined {
  // Those of other realms are as good: there are two prototypes.
  if (Object.getPrototypeOf(Object.getPrototypeOf(Object.getPrototypeOf(array))) !== null) return here(classOf(array))
  if (hasToJson(array)) return within('.toJSON', here('a function'))

  for (let i = 0; i < array.length; i++) {
    const loss = lossIn(array[i], ancestors)
    if (loss !== undefined) return within(`[${i}]`, loss)
  }
}

function lossInObject (object: object, ancestors: object[]): Loss | undefined {
  const prototype = Object.getPrototypeOf(object)
  // Objects of another realm are plain, too: there is nothing above their prototype.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return here(classOf(object))
  if (hasToJson(object)) return within('.toJSON', here('a function'))

  for (const key of Object.keys(object)) {
    const value = (object as Record<string, unknown>)[key]
    const loss = value === undefined ? undefined : lossIn(value, ancestors)
    if (loss !== undefined) return within(/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`, loss)
  }
}

/** JSON.stringify() asks the object itself what to take in its place. */
function hasToJson (object: object): boolean {
  return typeof (object as { toJSON?: unknown }).toJSON === 'function'
}

function here (problem: string): Loss {
  return { path: '', problem }
}

/** The path is put together only where there is a loss. */
function within (step: string, { path, problem }: Loss): Loss {
  return { path: step + path, problem }
}

function classOf (object: object): string {
  if (object instanceof Date) return 'a Date (pass its toISOString(), and make a Date of that in the task)'
  const name: unknown = object.constructor?.name
  return `an instance of ${typeof name === 'string' && name !== '' ? name : 'a class'}`
}
