import { describe } from './describe.js'
import { FST_BGT_INVALID_OPTION, FST_BGT_MISSING_DEPENDENCY } from './errors.js'

/** What the value of an option must be. */
export interface Rule {
  /** Completes the sentence "it must be …". */
  readonly expected: string
  /** Whether its value may hold what belongs in no message. */
  readonly isSecret?: boolean
  accepts (value: unknown): boolean
}

/** A rule for each option of `T`. */
export type Rules<T> = { readonly [Name in keyof Required<T>]: Rule }

/** One of a few values. */
export function oneOf (...values: unknown[]): Rule {
  return {
    expected: values.map(describe).join(' or '),
    accepts: (value) => values.includes(value)
  }
}

/** A function. */
export const aFunction: Rule = {
  expected: 'a function',
  accepts: (value) => typeof value === 'function'
}

/** A switch. */
export const aBoolean: Rule = oneOf(true, false)

/** A name. */
export const aName: Rule = {
  expected: 'a string that is not empty',
  accepts: (value) => typeof value === 'string' && value !== ''
}

/** The longest delay of a timer: a longer one would fire at once. https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
const longestDelay = 2 ** 31 - 1

/** A count. */
export const aCount: Rule = {
  expected: 'a whole number from 0',
  accepts: (value) => Number.isSafeInteger(value) && Number(value) >= 0
}

/** A count of what there must be. */
export const atLeastOne: Rule = {
  expected: 'a whole number from 1',
  accepts: (value) => Number.isSafeInteger(value) && Number(value) >= 1
}

/** A duration in milliseconds. */
export const milliseconds: Rule = {
  expected: `a whole number of milliseconds from 0 to ${longestDelay}`,
  accepts: (value) => Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= longestDelay
}

/** A duration in milliseconds in which something can happen. */
export const someMilliseconds: Rule = {
  expected: `a whole number of milliseconds from 1 to ${longestDelay}`,
  accepts: (value) => atLeastOne.accepts(value) && milliseconds.accepts(value)
}

/** Whatever has checks of its own. */
export const anything: Rule = {
  expected: 'anything',
  accepts: () => true
}

/**
 * Checks options against their rules; one that is `undefined` counts as not given.
 *
 * @param path where the options stand, for the error message: `''` or, for example, `config.backgroundTasks`
 * @param foreign names of options that are somebody else's
 * @throws `FST_BGT_INVALID_OPTION`
 */
export function checkOptions<T extends object> (options: T, rules: Rules<T>, path = '', foreign: string[] = []): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new FST_BGT_INVALID_OPTION(path || 'options', `it must be an object, but got ${describe(options)}`)
  }

  for (const [name, value] of Object.entries(options)) {
    if (foreign.includes(name)) continue

    const rule = Object.hasOwn(rules, name) ? rules[name as keyof T] : undefined
    const fullName = path === '' ? name : `${path}.${name}`
    if (rule === undefined) {
      throw new FST_BGT_INVALID_OPTION(fullName, `it is unknown; ${nearestTo(name, Object.keys(rules))}`)
    }
    if (value !== undefined && !rule.accepts(value)) {
      throw new FST_BGT_INVALID_OPTION(fullName, `it must be ${rule.expected}${rule.isSecret === true ? '' : `, but got ${describe(value)}`}`)
    }
  }
}

/** Most unknown names are misspelled ones. */
function nearestTo (name: string, known: string[]): string {
  const [nearest] = known.map((option) => ({ option, distance: distanceOf(name.toLowerCase(), option.toLowerCase()) })).sort((a, b) => a.distance - b.distance)
  const all = `the known ones are ${known.join(', ')}`
  return nearest !== undefined && nearest.distance <= Math.max(2, name.length / 3) ? `did you mean "${nearest.option}"? (${all})` : all
}

/** How many letters must be inserted, removed or replaced to make one word of another (Levenshtein). */
function distanceOf (from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...to].entries()) next.push(Math.min(next[j]! + 1, row[j + 1]! + 1, row[j]! + (letter === other ? 0 : 1)))
    row = next
  }
  return row.at(-1)!
}

/**
 * Loads a package that only those need who use an option.
 *
 * @throws `FST_BGT_MISSING_DEPENDENCY` where it is not installed
 */
export async function loadOptional<T> (option: string, name: string): Promise<T> {
  try {
    return await import(name)
  } catch (error) {
    // The message, as the code is lost where a loader's hooks run (tsx, instrumentation).
    if (!String((error as Error | null)?.message).startsWith(`Cannot find package '${name}'`)) throw error
    throw new FST_BGT_MISSING_DEPENDENCY(option, name, name)
  }
}
