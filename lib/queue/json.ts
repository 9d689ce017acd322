import { describe } from '../core/describe.js'

/** A value that JSON would change, and where it is. */
export interface Loss {
  /** For example `[1].mail.date`. */
  readonly path: string
  readonly problem: string
}

/** How deep values may be nested: JSON.stringify() and JSON.parse() have limits of their own. */
const deepest = 500

/** Finds what would not come out of JSON as it went in; `undefined` where all does. A property that is `undefined` may go. */
export function findLoss (value: unknown, path = '', ancestors: object[] = []): Loss | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : { path, problem: String(value) }
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return
  if (typeof value !== 'object') return { path, problem: describe(value) }
  if (ancestors.includes(value)) return { path, problem: 'an object that holds itself' }
  if (ancestors.length >= deepest) return { path, problem: `nested deeper than ${deepest} levels` }

  try {
    return Array.isArray(value) ? lossInArray(value, path, [...ancestors, value]) : lossInObject(value, path, [...ancestors, value])
  } catch {
    return { path, problem: 'an object that cannot be read: a getter throws' }
  }
}

function lossInArray (array: unknown[], path: string, ancestors: object[]): Loss | undefined {
  // Those of other realms are as good: there are two prototypes.
  if (Object.getPrototypeOf(Object.getPrototypeOf(Object.getPrototypeOf(array))) !== null) return { path, problem: classOf(array) }
  for (let i = 0; i < array.length; i++) {
    const loss = findLoss(array[i], `${path}[${i}]`, ancestors)
    if (loss !== undefined) return loss
  }
}

function lossInObject (object: object, path: string, ancestors: object[]): Loss | undefined {
  const prototype = Object.getPrototypeOf(object)
  // Objects of another realm are plain, too: there is nothing above their prototype.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return { path, problem: classOf(object) }
  if (typeof (object as { toJSON?: unknown }).toJSON === 'function') return { path: `${path}.toJSON`, problem: 'a function' }

  for (const [key, value] of Object.entries(object)) {
    const loss = value === undefined ? undefined : findLoss(value, pathTo(path, key), ancestors)
    if (loss !== undefined) return loss
  }
}

function pathTo (path: string, key: string): string {
  return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`
}

function classOf (object: object): string {
  if (object instanceof Date) return 'a Date (pass its toISOString(), and make a Date of that in the task)'
  const name: unknown = object.constructor?.name
  return `an instance of ${typeof name === 'string' && name !== '' ? name : 'a class'}`
}
