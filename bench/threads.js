// What worker threads are for, and what they cost: `node threads.js [rounds]`.
//
// Responsiveness: /ping is asked every 10 ms, whether the last answer has come or not, while eight tasks of 250 ms keep
// one thread busy; the same inline, by hand with Piscina, and with no task at all. The servers are processes of their own.
//
// Throughput: 3,000 trivial tasks on one thread, against Piscina by hand. Everybody takes turns, in interleaved rounds.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import backgroundTasks, { BackgroundTask } from 'fastify-background-tasks'
import { Piscina } from 'piscina'
import { add } from './tasks/math.js'

const rounds = Number(process.argv[2] ?? 15)
const count = 3_000

const sorted = (values) => values.toSorted((a, b) => a - b)
const quantile = (values, q) => sorted(values)[Math.min(values.length - 1, Math.floor(values.length * q))]
const median = (values) => quantile(values, 0.5)

/** Milliseconds until the answer. */
async function ping (port) {
  const start = performance.now()
  const [response] = await once(request({ host: '127.0.0.1', port, path: '/ping', agent: false }).end(), 'response')
  await once(response.resume(), 'end')
  return performance.now() - start
}

async function pingsDuring (way) {
  const server = fork(new URL('threads-server.js', import.meta.url), [way])
  const [port] = await once(server, 'message')
  for (let i = 0; i < 200; i++) await ping(port)

  const pings = []
  const over = new AbortController()
  const end = once(server, 'message').then(() => way === 'idle' && sleep(2_000)).then(() => over.abort())
  await fetch(`http://127.0.0.1:${port}/`)
  while (!over.signal.aborted) {
    pings.push(ping(port))
    await sleep(10)
  }
  await end
  const latencies = await Promise.all(pings)
  server.disconnect()
  return latencies
}

async function responsiveness () {
  const ways = ['idle', 'thread', 'piscina', 'inline']
  const results = Object.fromEntries(ways.map((way) => [way, []]))
  for (let round = 0; round < Math.min(rounds, 5); round++) {
    for (const way of ways) results[way].push(...await pingsDuring(way))
  }
  console.log('\n/ping while eight tasks of 250 ms run, in ms')
  console.table(Object.fromEntries(ways.map((way) => [way, {
    p50: quantile(results[way], 0.5).toFixed(1),
    p99: quantile(results[way], 0.99).toFixed(1),
    max: quantile(results[way], 1).toFixed(1),
    pings: results[way].length
  }])))
}

async function throughput () {
  const piscina = new Piscina({ filename: new URL('piscina/math.js', import.meta.url).href, name: 'add', maxThreads: 1 })
  const app = Fastify()
  await app.register(backgroundTasks, { tasks: new URL('tasks/', import.meta.url), threads: { max: 1 } })
  app.get('/', async ({ backgroundTasks }) => {
    for (let i = 0; i < count; i++) backgroundTasks.addTask(add, i, 1)
  })

  const numbers = Array.from({ length: count }, (_, i) => i)
  const ways = {
    'piscina, one after the other': async () => { for (const a of numbers) await piscina.run({ a, b: 1 }) },
    'piscina, all at once': () => Promise.all(numbers.map((a) => piscina.run({ a, b: 1 }))),
    'one request': async () => {
      await app.inject('/')
      await app.backgroundTasks.idle()
    },
    'as many collections': async () => {
      for (const a of numbers) app.backgroundTasks.addTask(add, a, 1)
      await app.backgroundTasks.idle()
    },
    'tasks awaited by hand': () => Promise.all(numbers.map((a) => new BackgroundTask(add, a, 1)()))
  }
  const times = Object.fromEntries(Object.keys(ways).map((way) => [way, []]))
  for (let round = -5; round < rounds; round++) { // the first five warm up
    for (const [way, run] of Object.entries(ways)) {
      const start = performance.now()
      await run()
      if (round >= 0) times[way].push((performance.now() - start) / count * 1e3)
    }
  }
  const ratio = (way, other) => median(times[other].map((time, i) => time / times[way][i])).toFixed(1)
  console.log(`\n${count} trivial tasks on one thread`)
  console.table(Object.fromEntries(Object.keys(ways).map((way) => [way, {
    'µs each': median(times[way]).toFixed(1),
    'times piscina, one after the other': ratio(way, 'piscina, one after the other'),
    'times piscina, all at once': ratio(way, 'piscina, all at once')
  }])))
  await app.close()
  await piscina.destroy()
}

console.log(`Node ${process.version}, ${rounds} rounds`)
await throughput()
await responsiveness()
