// Requests a second where each stores five tasks on a queue, until all are stored; against five `queue.add` of BullMQ by hand.
import { createConnection } from 'node:net'
import { once } from 'node:events'
import { Child } from '../child.js'
import { interleave } from '../interleave.js'
import { load } from '../load.js'
import { ratio, spread } from '../spread.js'

export const title = 'Requests a second that store five tasks each'

const stores = {
  Redis: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379',
  PostgreSQL: process.env.POSTGRES_URL ?? 'postgres://root@127.0.0.1:5432/test'
}

export async function measure (quick) {
  const [rows, ratios, skipped] = [[], [], []]

  for (const [store, connection] of Object.entries(stores)) {
    if (!await answers(connection)) {
      skipped.push(`${store} does not answer`)
      continue
    }
    const results = await interleave(['hand', 'plugin'], quick ? 1 : 5, (way, round) => requestsPerSecond(way, connection, round, quick))
    for (const [way, name] of [['hand', 'BullMQ by hand'], ['plugin', 'plugin']]) {
      rows.push({ store, way: name, 'requests/s': spread(results[way]) })
    }
    ratios.push({ what: `${store}, times BullMQ by hand`, ratio: ratio(results.plugin, results.hand), atLeast: 4 })
  }
  return { rows, ratios, skipped: skipped.join(', ') || undefined, chart: { group: 'store', way: 'way', value: 'requests/s' } }
}

async function requestsPerSecond (way, connection, round, quick) {
  const server = await Child.start('queue', [way, connection, `bench-${process.pid}-${way}-${round}`])
  try {
    await load(server.port, { amount: quick ? 100 : 1_000 })
    const before = await server.ask('stored')

    const start = performance.now()
    const { requests } = await load(server.port, { amount: quick ? 500 : 5_000 })
    const jobs = await server.ask('stored') - before
    const seconds = (performance.now() - start) / 1e3
    if (jobs < requests) throw new Error(`${requests} requests have stored ${jobs} jobs`)
    return requests / seconds
  } finally {
    await server.ask('clear')
    await server.stop()
  }
}

async function answers (connection) {
  const { hostname, port } = new URL(connection)
  const socket = createConnection({ host: hostname, port: Number(port) })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
