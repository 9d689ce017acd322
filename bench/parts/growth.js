// Whether a task costs the same where there are many: in its collection, or requests at once.
import { Child } from '../child.js'
import { interleave } from '../interleave.js'
import { ratio, spread } from '../spread.js'

export const title = 'Microseconds of CPU time for each task'

const sizes = [1, 10, 100, 1_000, 100_000]
const crowds = [1, 10, 100, 1_000, 10_000]

export async function measure (quick) {
  const results = await interleave(['array', 'plugin'], quick ? 1 : 3, async (way) => {
    const child = await Child.start('growth', [way])
    const costOfTask = async (requests, tasks, pairs) => await child.ask('cost', { requests, tasks, pairs: quick ? 1 : pairs })
    await costOfTask(100, 10, 15) // it warms up

    const bySize = {}
    for (const size of sizes) bySize[size] = await costOfTask(size > 1_000 ? 1 : 10, size, size === 1 ? 60 : 20)
    const byCrowd = {}
    for (const crowd of crowds) byCrowd[crowd] = await costOfTask(crowd, 10, crowd < 10_000 ? 20 : 3)
    await child.stop()
    return { bySize, byCrowd }
  })

  const of = (way, what, key) => results[way].map((result) => result[what][key])
  const grouped = (count) => count.toLocaleString('en')
  const counted = (count, noun) => `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`
  const rows = []
  for (const way of ['array', 'plugin']) {
    const name = way === 'array' ? 'array by hand' : 'plugin'
    for (const size of sizes) rows.push({ way: name, where: `${counted(size, 'task')} a collection`, 'µs a task': spread(of(way, 'bySize', size)) })
    for (const crowd of crowds) rows.push({ way: name, where: `${counted(crowd, 'request')} at once`, 'µs a task': spread(of(way, 'byCrowd', crowd)) })
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
