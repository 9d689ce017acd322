// What the plugin costs a request, against an array drained by hand in onResponse: the same route with no task and with
// one, 64 connections, in interleaved rounds on one machine. Each round has processes of its own, as what the compiler
// makes of one differs from the next by more than what is measured. Prints medians of the rounds, and the median of
// their ratios, which is the one to believe. `node overhead.js [rounds] [seconds]`
import { fork } from 'node:child_process'
import { once } from 'node:events'
import autocannon from 'autocannon'

const rounds = Number(process.argv[2] ?? 15)
const seconds = Number(process.argv[3] ?? 2)

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

async function cpuTime (child) {
  child.send('used')
  const [{ cpu }] = await once(child, 'message')
  return cpu.user + cpu.system
}

/** Requests a second, and microseconds of the server's CPU time a request, of a new server that is warm. */
async function measure (way, tasks) {
  const child = fork(new URL('server.js', import.meta.url), [way, String(tasks)])
  const [{ port }] = await once(child, 'message')
  const load = (duration) => autocannon({ url: `http://127.0.0.1:${port}/`, connections: 64, duration })

  await load(1)
  const before = await cpuTime(child)
  const { requests, errors, duration } = await load(seconds)
  if (errors > 0) throw new Error(`${errors} requests failed`)
  const cpu = (await cpuTime(child) - before) / requests.total
  child.kill()
  return { perSecond: requests.total / duration, cpu }
}

console.log(`Node ${process.version}, ${rounds} rounds of ${seconds} s, 64 connections`)
for (const tasks of [0, 1]) {
  const results = { array: [], plugin: [] }
  for (let round = 0; round < rounds; round++) {
    // Whoever goes first in one round goes second in the next.
    const order = round % 2 === 0 ? ['array', 'plugin'] : ['plugin', 'array']
    for (const way of order) results[way].push(await measure(way, tasks))
  }
  for (const [way, values] of Object.entries(results)) {
    console.log(`${tasks} tasks, ${way}: ${median(values.map(({ perSecond }) => perSecond)).toFixed(0)} requests/s, ` +
      `${median(values.map(({ cpu }) => cpu)).toFixed(1)} µs of CPU each`)
  }
  const throughput = median(results.plugin.map(({ perSecond }, i) => perSecond / results.array[i].perSecond))
  const cpu = median(results.plugin.map(({ cpu }, i) => results.array[i].cpu / cpu))
  console.log(`${tasks} tasks, ratio: ${throughput.toFixed(3)} by throughput, ${cpu.toFixed(3)} by CPU`)
}
