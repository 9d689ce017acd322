import fc from 'fast-check'
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { findLoss } from '../../lib/queue/json.js'

const leaf = fc.oneof(
  fc.anything({
    maxDepth: 0, withBigInt: true, withBoxedValues: true, withDate: true, withMap: true, withSet: true, withTypedArray: true, withSparseArray: true, withNullPrototype: true, stringUnit: 'binary'
  }),
  fc.constantFrom<unknown>(undefined, null, -0, NaN, Infinity, '\ud800', Symbol('s'), () => {}, class {}, /x/, new Error('x'), Object.assign([1], { toJSON: () => 2 }))
)

/** Values whose leaves mostly survive. */
const values = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'medium' }, fc.jsonValue(), leaf, fc.array(tie('value'), { maxLength: 4 }), fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('toJSON', '__proto__', 'constructor', 'length', 'é')), tie('value'), { maxKeys: 4 })),
})).value

/** What is left of a value where properties that are `undefined`, the sign of 0 and the lack of a prototype do not count. */
function essence (value: unknown): unknown {
  if (value === 0) return 0
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(essence)
  if (![null, Object.prototype].includes(Object.getPrototypeOf(value))) return value
  return Object.fromEntries(Object.entries(value).filter(([, value]) => value !== undefined).map(([key, value]) => [key, essence(value)]))
}

function survives (value: unknown): boolean {
  try {
    return isDeepStrictEqual(JSON.parse(JSON.stringify(value)), essence(value))
  } catch {
    return false
  }
}

/** What stands at a path. */
function at (value: unknown, path: string): unknown {
  const steps = path.match(/\.[\p{L}_$][\p{L}\p{N}_$]*|\[(?:\d+|"(?:[^"\\]|\\.)*")\]/gu) ?? []
  if (steps.join('') !== path) throw new Error(`no path: ${path}`)
  return steps.reduce<any>((value, step) => value[step.startsWith('.') ? step.slice(1) : JSON.parse(step.slice(1, -1))], value)
}

t.test('what survives JSON has no loss, and where there is one its path leads to what does not', async (t) => {
  fc.assert(fc.property(values, (value) => {
    const loss = findLoss(value)
    return loss === undefined ? survives(value) : !survives(value) && !survives(at(value, loss.path)) && findLoss(at(value, loss.path))?.path === ''
  }), { numRuns: 3_000 })
  t.pass('held')
})
