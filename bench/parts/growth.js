// Whether a task costs the same where there are many: in its collection, or requests at once.
import { Child } from '../child.js'
import { interleave } from '../interleave.js'
import { ratio, spread } from '../spread.js'

export const title = 'Microseconds of CPU time for each task'

const sizes = [1, 10, 100, 1_000]
const crowds = [1, 10, 100, 1_000, 10_000]

export async function measure (quick) {
  const total = quick ? 1_000 : 20_000
  const results = await interleave(['array', 'plugin'], quick ? 1 : 9, async (way) => {
    const child = await Child.start('growth', [way])
    for (const tasks of [10, 0]) await child.ask('cost', { requests: 100, tasks, total: quick ? 500 : 10_000 })

    // Of what a request with tasks costs, that of one without is not theirs.
    const idle = await child.ask('cost', { requests: 10, tasks: 0, total })
    const bySize = {}
    for (const size of sizes) {
      const cost = await child.ask('cost', { requests: 10, tasks: size, total: Math.max(10, total / Math.sqrt(size)) })
      bySize[size] = (cost - idle) / size
    }
    const byCrowd = {}
    for (const crowd of crowds) byCrowd[crowd] = await child.ask('cost', { requests: crowd, tasks: 10, total }) / 10
    await child.stop()
    return { bySize, byCrowd }
  })

  const of = (way, what, key) => results[way].map((result) => result[what][key])
  const grouped = (count) => count.toLocaleString('en')
  const rows = []
  for (const way of ['array', 'plugin']) {
    const name = way === 'array' ? 'array by hand' : 'plugin'
    for (const size of sizes) rows.push({ way: name, where: `${grouped(size)} tasks a collection`, 'µs a task': spread(of(way, 'bySize', size)) })
    for (const crowd of crowds) rows.push({ way: name, where: `${grouped(crowd)} requests at once`, 'µs a task': spread(of(way, 'byCrowd', crowd)) })
  }

  const grows = (what, from, to) => ({
    what: `${what === 'bySize' ? `tasks a collection: at ${grouped(to)}` : `requests at once: at ${grouped(to)}`}, times at ${grouped(from)}`,
    ratio: ratio(of('plugin', what, to), of('plugin', what, from)),
    atMost: 1.3
  })
  return {
    rows,
    ratios: [
      ...sizes.slice(1).map((size) => grows('bySize', 1, size)),
      grows('bySize', 10, 1_000),
      ...crowds.slice(1).map((crowd) => grows('byCrowd', 1, crowd)),
      grows('byCrowd', 100, 10_000)
    ],
    chart: { group: 'where', way: 'way', value: 'µs a task' }
  }
}
