import fc from 'fast-check'
import { isDeepStrictEqual } from 'node:util'
import t, { test } from 'tap'
import { findLoss } from '../../lib/queue/json.js'
import { openQueue, testOnEach } from '../helpers/queue.js'
import { openTestQueue, work } from './harness.js'

const leaf = fc.oneof(
  fc.anything({
    maxDepth: 0, withBigInt: true, withBoxedValues: true, withDate: true, withMap: true, withSet: true, withTypedArray: true, withSparseArray: true, withNullPrototype: true, stringUnit: 'binary'
  }),
  fc.constantFrom<unknown>(undefined, null, -0, NaN, Infinity, '\ud800', 'a\0', Symbol('s'), () => {}, class {}, /x/, new Error('x'), Object.assign([1], { toJSON: () => 2 }))
)

/** Values whose leaves mostly survive. */
const values = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'medium' }, fc.jsonValue(), leaf, fc.array(tie('value'), { maxLength: 4 }), fc.dictionary(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('toJSON', '__proto__', 'constructor', 'length', 'é', '\udc00', '\0')), tie('value'), { maxKeys: 4 })),
})).value

/** What is left of a value if properties that are `undefined`, the sign of 0 and the lack of a prototype do not count. */
function essence (value: unknown): unknown {
  if (value === 0) return 0
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(essence)
  if (![null, Object.prototype].includes(Object.getPrototypeOf(value))) return value
  return Object.fromEntries(Object.entries(value).filter(([, value]) => value !== undefined).map(([key, value]) => [key, essence(value)]))
}

function survives (value: unknown): boolean {
  try {
    const json = JSON.stringify(value)
    return isDeepStrictEqual(JSON.parse(json), essence(value)) && !/\\u0000|\\ud[89a-f]/.test(json.replaceAll('\\\\', ''))
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

test('what survives JSON and both servers has no loss, and the path of a loss leads to what does not survive', async (t) => {
  fc.assert(fc.property(values, (value) => {
    const loss = findLoss(value)
    return loss === undefined ? survives(value) : !survives(value) && !survives(at(value, loss.path)) && findLoss(at(value, loss.path))?.path === ''
  }), { numRuns: 3_000 })
  t.pass('held')
})

testOnEach(t, 'arguments that are not refused arrive as they are', async (t, server) => {
  const queue = await openTestQueue(t, server.url())
  const bull = openQueue(t, server, queue.name)
  const accepted = fc.sample(values, 2_000).filter((value) => findLoss([value]) === undefined)
  for (let i = 0; i < accepted.length; i += 100) await queue.drain(accepted.slice(i, i + 100).map((value) => [work.note, '', value]))
  const arrived = (await bull.getJobs('waiting', 0, -1, true)).flatMap(({ data }) => data.tasks.map(({ args }: any) => args[1]))
  t.ok(accepted.length > 500)
  t.equal(arrived.length, accepted.length)
  t.same(arrived.map(essence).filter((value, i) => !isDeepStrictEqual(value, essence(accepted[i]))), [])
  t.same(queue.here.all, [])
})

test('an argument that cannot be read is refused with its path', async (t) => {
  t.match(findLoss([{ deep: { get broken () { throw new Error('no') } } }]), { path: '[0].deep', problem: /an object that cannot be read: a getter throws/ })
  t.match(findLoss([new Proxy({}, { ownKeys () { throw new Error('no') } })]), { path: '[0]', problem: /cannot be read/ })
})
