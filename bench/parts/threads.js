// Trivial plain functions on one worker thread: what it costs to move one there, against Piscina by hand, all at once.
import { Child } from '../child.js'
import { compare, median, ratio } from '../compare.js'

const ways = { piscina: 'Piscina by hand', 'plugin, one collection': 'plugin, one collection', 'plugin, many collections': 'plugin, a collection each' }

export async function measure (quick) {
  const count = quick ? 200 : 3_000
  const plan = quick ? { rounds: 1, bursts: 1, warmUp: 1 } : { rounds: 3, bursts: 20, warmUp: 25 }
  const starts = Object.fromEntries(Object.keys(ways).map((way) => [way, async () => await Child.start('threads', [way])]))
  const results = await compare(starts, plan, async (child) => ({ units: count, ...await child.ask('run', count) }))

  const row = (way, compared, goal) => ({
    compared,
    cpu: ratio(results, 'piscina', way, 'cpu'),
    throughput: ratio(results, way, 'piscina', 'perSecond'),
    goal,
    measured: `${median(results, 'piscina', 'cpu').toFixed(1)} and ${median(results, way, 'cpu').toFixed(1)} µs of CPU time a task`
  })
  return {
    rows: [
      row('plugin, one collection', '3,000 small tasks of one collection in a thread, times Piscina by hand', 8),
      row('plugin, many collections', '3,000 small tasks of as many collections, times Piscina by hand', 5)
    ],
    chart: {
      title: 'What a small task in a thread costs',
      unit: 'µs of CPU time, both threads',
      bars: Object.entries(ways).map(([way, label]) => ({ label, value: median(results, way, 'cpu'), isOurs: way !== 'piscina' }))
    }
  }
}
