// Whether a task costs the same where there are many: in its collection, or requests at once.
import { Child } from '../child.js'
import { interleave } from '../interleave.js'
import { ratio, spread } from '../spread.js'

export const title = 'Microseconds of CPU time for each task'

const sizes = [1, 10, 100, 1_000]
const crowds = [1, 10, 100, 1_000, 10_000]

export async function measure (quick) {
  const total = quick ? 1_000 : 6_000
  const results = await interleave(['array', 'plugin'], quick ? 1 : 5, async (way) => {
    const child = await Child.start('growth', [way])
    for (const tasks of [10, 0]) await child.ask('cost', { requests: 100, tasks, total: quick ? 500 : 10_000 })

    const costOfTask = async (requests, tasks, total) => {
      // What a request without tasks costs is not theirs; with many at once, each of those costs more, too.
      const idle = await child.ask('cost', { requests, tasks: 0, total })
      return (await child.ask('cost', { requests, tasks, total }) - idle) / tasks
    }
    const bySize = {}
    for (const size of sizes) bySize[size] = await costOfTask(10, size, size === 1 ? total * 4 : total / Math.sqrt(size))
    const byCrowd = {}
    for (const crowd of crowds) byCrowd[crowd] = await costOfTask(crowd, 10, total)
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
