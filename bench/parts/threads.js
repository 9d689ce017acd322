// Trivial plain functions on one worker thread: what it costs to move one there. Piscina by hand, with a round trip for each
// task, in order or all at once; fastify-piscina, which is the same with a decorator; and the plugin, where tasks travel together.
import { Child } from '../child.js'
import { inTurn } from '../interleave.js'
import { ratio, spread } from '../spread.js'

export const title = 'Trivial plain tasks a second, on one thread'

const ways = [
  'piscina, one by one', 'piscina, at once', 'fastify-piscina, at once',
  'plugin, one request', 'plugin, as many collections', 'plugin, results awaited'
]

export async function measure (quick) {
  const [rounds, count, warmUp] = quick ? [1, 500, 500] : [9, 5_000, 10_000]
  const times = Object.fromEntries(ways.map((way) => [way, []]))

  for (let round = 0; round < rounds; round++) {
    process.stdout.write(`  round ${round + 1} of ${rounds}\n`)
    for (const way of inTurn(ways, round)) {
      const child = await Child.start('threads', [way])
      for (let i = 0; i < 3; i++) await child.ask('run', Math.round(warmUp / 3))
      times[way].push(await child.ask('run', count))
      await child.stop()
    }
  }

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
