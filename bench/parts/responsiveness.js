// How long /ping takes while tasks keep a core busy. It is asked every 10 ms, whether the last answer has come or not, as
// clients do not wait for each other.
import { once } from 'node:events'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { Child } from '../child.js'
import { compare, median, ratio } from '../compare.js'
import { quantile } from '../spread.js'

export async function measure (quick) {
  const starts = Object.fromEntries(['idle', 'thread', 'inline'].map((way) => [way, async () => await Child.start('responsiveness', [way])]))
  const results = await compare(starts, quick ? { rounds: 1, bursts: 1, warmUp: 0 } : { rounds: 2, bursts: 6, warmUp: 1 }, async (server) => {
    // One unit of work, so that what is called seconds is the 99th percentile.
    return { units: 1, seconds: quantile(await pingsDuringTasks(server), 0.99) / 1e3, cpu: NaN }
  })
  const ms = (way) => `${(1e3 / median(results, way, 'perSecond')).toFixed(1)} ms`
  const row = (compared, way, other, goal) => ({ compared, throughput: ratio(results, other, way, 'perSecond'), goal, measured: `${ms(other)} and ${ms(way)}` })
  return {
    rows: [
      { ...row('99th percentile of /ping while a thread computes, times without', 'thread', 'idle', 1.3), isAtMost: true },
      row('the same while the main thread computes, times a thread', 'inline', 'thread')
    ],
    chart: {
      title: 'How long others wait while ten tasks compute',
      unit: '99th percentile of /ping in ms',
      bars: [['no tasks', 'idle'], ['the work in a thread', 'thread'], ['the same work on the main thread', 'inline']].map(([label, way]) => {
        return { label, value: 1e3 / median(results, way, 'perSecond'), isOurs: way === 'thread' }
      })
    }
  }
}

async function pingsDuringTasks (server) {
  for (let i = 0; i < 20; i++) await ping(server.port)
  const over = new AbortController()
  const pings = []
  const end = server.ask('work').then(() => { over.abort() })
  while (!over.signal.aborted) {
    pings.push(ping(server.port))
    await sleep(10)
  }
  await end
  return await Promise.all(pings)
}

/** Milliseconds until the answer, by a connection of its own. */
async function ping (port) {
  const start = performance.now()
  const [response] = await once(request({ host: '127.0.0.1', port, path: '/ping', agent: false }).end(), 'response')
  await once(response.resume(), 'end')
  return performance.now() - start
}
