// How long /ping takes while eight tasks of 250 ms keep a core busy. It is asked every 10 ms, whether the last answer has come
// or not, as clients do not wait for each other.
import { once } from 'node:events'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { Child } from '../child.js'
import { interleave } from '../interleave.js'
import { quantile, ratio, spread } from '../spread.js'

export const title = 'Milliseconds until /ping is answered, while tasks compute'

const ways = { idle: 'no tasks', thread: 'plugin, thread', piscina: 'piscina by hand', inline: 'plugin, inline' }

export async function measure (quick) {
  const results = await interleave(Object.keys(ways), quick ? 1 : 7, pingsDuring)
  const p99 = (way) => results[way].map((pings) => quantile(pings, 0.99))

  return {
    rows: Object.entries(ways).map(([way, name]) => ({
      way: name,
      'p50, ms': spread(results[way].map((pings) => quantile(pings, 0.5))),
      'p99, ms': spread(p99(way)),
      'max, ms': Math.max(...results[way].flat()),
      pings: results[way].flat().length
    })),
    ratios: [
      { what: 'p99 in a thread, times no tasks', ratio: ratio(p99('thread'), p99('idle')), atMost: 1.5 },
      { what: 'p99 in a thread, times Piscina by hand', ratio: ratio(p99('thread'), p99('piscina')) },
      { what: 'p99 inline, times in a thread', ratio: ratio(p99('inline'), p99('thread')) }
    ],
    chart: { way: 'way', value: 'p99, ms', isLogarithmic: true }
  }
}

async function pingsDuring (way) {
  const server = await Child.start('responsiveness', [way])
  for (let i = 0; i < 200; i++) await ping(server.port)

  const pings = []
  const over = new AbortController()
  const end = server.ask('end').then(() => { over.abort() })
  await fetch(`http://127.0.0.1:${server.port}/`)
  while (!over.signal.aborted) {
    pings.push(ping(server.port))
    await sleep(10)
  }
  await end
  const latencies = await Promise.all(pings)
  await server.stop()
  return latencies
}

/** Milliseconds until the answer, by a connection of its own. */
async function ping (port) {
  const start = performance.now()
  const [response] = await once(request({ host: '127.0.0.1', port, path: '/ping', agent: false }).end(), 'response')
  await once(response.resume(), 'end')
  return performance.now() - start
}
