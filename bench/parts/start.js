// How soon a task begins: from `finish` of its response to the first line of its function. By one connection, where the server
// has nothing else to do, and by 64, where it has all it can do.
import { Child } from '../child.js'
import { interleave } from '../interleave.js'
import { load } from '../load.js'
import { quantile, spread } from '../spread.js'

export const title = 'Milliseconds from the end of the response to the first line of its task'

export async function measure (quick) {
  const [rows, ratios] = [[], []]

  for (const connections of [1, 64]) {
    const results = await interleave(['array', 'plugin'], quick ? 1 : 7, async (way) => {
      const server = await Child.start('start', [way])
      await load(server.port, { amount: quick ? 1_000 : 10_000 }, { connections })
      await server.ask('delays')
      await load(server.port, { amount: quick ? 1_000 : 20_000 }, { connections })
      const delays = await server.ask('delays')
      await server.stop()
      return delays
    })
    const at = (way, q) => spread(results[way].map((delays) => quantile(delays, q)))
    for (const way of ['array', 'plugin']) {
      rows.push({
        connections: `${connections} ${connections === 1 ? 'connection' : 'connections'}`,
        way: way === 'array' ? 'array by hand' : 'plugin',
        'p50, ms': at(way, 0.5),
        'p99, ms': at(way, 0.99)
      })
    }
    ratios.push({ what: `p50 in ms, by ${connections}`, ratio: at('plugin', 0.5), atMost: 0.2 })
  }
  return { rows, ratios, chart: { group: 'connections', way: 'way', value: 'p50, ms' } }
}
