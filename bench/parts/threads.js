// Trivial plain functions on one worker thread: what it costs to move one there. Piscina by hand, with a round trip for each
// task, in order or all at once; fastify-piscina, which is the same with a decorator; and the plugin, where tasks travel together.
import { Child } from '../child.js'
import { interleave } from '../interleave.js'
import { quantile, ratio, spread } from '../spread.js'

export const title = 'Trivial plain tasks a second, on one thread'

const ways = [
  'piscina, one by one', 'piscina, at once', 'fastify-piscina, at once',
  'plugin, one request', 'plugin, as many collections', 'plugin, results awaited'
]

export async function measure (quick) {
  const [rounds, warmUp, runs, count] = quick ? [1, 1, 1, 500] : [7, 30, 10, 2_000]
  const times = await interleave(ways, rounds, async (way) => {
    const child = await Child.start('threads', [way])
    const taken = []
    // It takes some runs until the compiler knows both threads.
    for (let run = -warmUp; run < runs; run++) {
      const time = await child.ask('run', count)
      if (run >= 0) taken.push(time)
    }
    await child.stop()
    return quantile(taken, 0.5)
  })

  const rows = ways.map((way) => ({ way, 'µs each': spread(times[way]), 'tasks/s': spread(times[way].map((time) => 1e6 / time)) }))
  const versus = (way, other, atLeast) => ({ what: `${way}, times ${other}`, ratio: ratio(times[other], times[way]), atLeast })
  return {
    rows,
    ratios: [
      versus('plugin, one request', 'piscina, one by one', 5),
      versus('plugin, one request', 'piscina, at once', 5),
      versus('plugin, one request', 'fastify-piscina, at once'),
      versus('plugin, as many collections', 'piscina, at once', 5),
      versus('plugin, results awaited', 'piscina, at once')
    ],
    chart: { way: 'way', value: 'tasks/s' }
  }
}
