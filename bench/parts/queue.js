// Requests that store five tasks each, until all are stored, against five `queue.add` of BullMQ by hand. And workers that run
// stored tasks, against a Worker of BullMQ by hand.
import { createConnection } from 'node:net'
import { once } from 'node:events'
import { Child } from '../child.js'
import { compare, median, ratio } from '../compare.js'
import { load } from '../load.js'

const stores = {
  Redis: { connection: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', storing: 2.5, requests: 500, tasks: 2_000 },
  PostgreSQL: { connection: process.env.POSTGRES_URL ?? 'postgres://root@127.0.0.1:5432/test', storing: 15, requests: 100, tasks: 500 }
}

export async function measure (quick) {
  const rows = []
  const bars = []
  const plan = quick ? { rounds: 1, bursts: 1, warmUp: 1 } : { rounds: 2, bursts: 8, warmUp: 3 }
  for (const [store, { connection, storing, requests, tasks }] of Object.entries(stores)) {
    if (!await answers(connection)) {
      console.log(`  ${store} does not answer: skipped`)
      continue
    }
    const start = (program, ...args) => async () => new Program(await Child.start(program, [...args, connection, `bench-${process.pid}-${args.join('-')}`]))
    const row = (results, compared, units, goal) => ({
      compared: `${store}: ${compared}`,
      cpu: ratio(results, 'hand', 'plugin', 'cpu'),
      throughput: ratio(results, 'plugin', 'hand', 'perSecond'),
      goal,
      measured: `${['hand', 'plugin'].map((way) => Math.round(median(results, way, 'perSecond')).toLocaleString('en')).join(' and ')} ${units}`
    })

    const stored = await compare({ hand: start('queue', 'hand'), plugin: start('queue', 'plugin') }, plan, (program) => program.store(quick ? 50 : requests))
    rows.push(row(stored, 'requests that store five tasks, times queue.add by hand', 'requests a second', storing))
    for (const way of ['hand', 'plugin']) bars.push({ label: `${store}, ${way === 'hand' ? 'queue.add by hand' : 'plugin'}`, value: median(stored, way, 'cpu'), isOurs: way === 'plugin' })

    for (const [size, name, goal] of [[1, 'one task', 1], [5, 'five tasks', 1.7]]) {
      const worked = await compare({ hand: start('worker', 'hand', 1), plugin: start('worker', 'plugin', size) }, plan, (program) => program.work(quick ? 50 : tasks))
      rows.push(row(worked, `tasks that a worker runs, ${name} a job, times a Worker by hand`, 'tasks a second', goal))
    }
  }
  return { rows, chart: { title: 'What a request pays to store five tasks', unit: 'µs of CPU time of the server', bars } }
}

/** A program that has a queue of its own, and clears it before it stops. */
class Program {
  constructor (child) {
    this.child = child
  }

  /** Requests that store tasks, until all are stored. */
  async store (count) {
    const burst = await load(this.child, count)
    const { seconds, cpu } = await this.child.ask('stored', count)
    return { units: count, seconds: burst.seconds + seconds, cpu: burst.cpu + cpu }
  }

  /** Tasks that a worker runs, until all have ended. */
  async work (count) {
    return { units: count, ...await this.child.ask('work', count) }
  }

  async stop () {
    await this.child.ask('clear')
    await this.child.stop()
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
