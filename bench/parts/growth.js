// Whether a task costs the same where there are many: in its collection, collections at once, or requests at once.
import { Child } from '../child.js'
import { interleave } from '../interleave.js'
import { ratio, spread } from '../spread.js'

export const title = 'Microseconds of CPU time for each task'

const sizes = [1, 10, 100, 1_000, 100_000]
const crowds = [1, 10, 100, 1_000, 10_000]
/** How much may be new before V8's garbage collector moves it; 16 MB where nothing is said. */
const roomy = ['--min-semi-space-size=128', '--max-semi-space-size=128']

const names = { array: 'array by hand', plugin: 'plugin' }
const wheres = {
  size: (count) => `${counted(count, 'task')} a collection`,
  collections: (count) => `${counted(count, 'collection')} at once`,
  roomy: (count) => `${counted(count, 'collection')} at once, semi-space of 128 MB`,
  requests: (count) => `${counted(count, 'request')} at once`
}

export async function measure (quick) {
  const costOfCollections = (child, count, tasks) => child.ask('collections', { count, tasks, looks: quick ? 1 : 9 })
  const results = await interleave(Object.keys(names), quick ? 1 : 3, async (way) => {
    const { size, collections } = await withChild(way, [], async (child) => {
      await costOfCollections(child, 100, 10) // it warms up
      return {
        size: await each(sizes, (tasks) => costOfCollections(child, tasks > 1_000 ? 1 : 10, tasks)),
        collections: await each(crowds, (count) => costOfCollections(child, count, 10))
      }
    })
    const inRoom = await withChild(way, roomy, async (child) => {
      await costOfCollections(child, 100, 10)
      return await each(crowds, (count) => costOfCollections(child, count, 10))
    })
    const carried = await withChild(way, [], async (child) => {
      const cost = (count, pairs) => child.ask('requests', { count, tasks: 10, pairs: quick ? 1 : pairs })
      await cost(100, 16)
      return await each(crowds, (count) => cost(count, count < 10_000 ? 20 : 6))
    })
    const of = (what) => Object.fromEntries(crowds.map((count) => [count, carried[count][what]]))
    return { size, collections, roomy: inRoom, requests: of('task'), full: of('full'), empty: of('empty') }
  })

  const of = (way, what, count) => results[way].map((result) => result[what][count])
  const rows = Object.keys(names).flatMap((way) => Object.keys(wheres).flatMap((what) =>
    (what === 'size' ? sizes : crowds).map((count) => ({ way: names[way], where: wheres[what](count), 'µs a task': spread(of(way, what, count)) }))))

  const grows = (what, from, to) => ({ what: `${wheres[what](to)}, times at ${counted(from)}`, ratio: ratio(of('plugin', what, to), of('plugin', what, from)), atMost: 1.3 })
  return {
    rows,
    ratios: [
      ...sizes.slice(1).map((size) => grows('size', 1, size)),
      grows('size', 10, 1_000),
      ...['collections', 'roomy', 'requests'].flatMap((what) => [...crowds.slice(1).map((count) => grows(what, 1, count)), grows(what, 100, 10_000)]),
      // what carries the tasks of a request grows by itself
      ...[1_000, 10_000].map((count) => ({ what: `requests without tasks: ${counted(count)} at once, times at 100`, ratio: ratio(of('array', 'empty', count), of('array', 'empty', 100)) })),
      ...[100, 1_000, 10_000].map((count) => ({ what: `requests with ten tasks, ${counted(count)} at once: times those of the array`, ratio: ratio(of('plugin', 'full', count), of('array', 'full', count)) }))
    ],
    chart: { group: 'where', way: 'way', value: 'µs a task', groups: ['collections', 'roomy'].flatMap((what) => crowds.map(wheres[what])) }
  }
}

/** Has a program of its own measure something. */
async function withChild (way, flags, measure) {
  const child = await Child.start('growth', [way], flags)
  const result = await measure(child)
  await child.stop()
  return result
}

/** What is measured at each of some counts. */
async function each (counts, measure) {
  const measured = {}
  for (const count of counts) measured[count] = await measure(count)
  return measured
}

function counted (count, noun) {
  const number = count.toLocaleString('en')
  return noun === undefined ? number : `${number} ${noun}${count === 1 ? '' : 's'}`
}
