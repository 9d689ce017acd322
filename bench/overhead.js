// What the plugin costs a request, against an array drained by hand in onResponse: the same route with no task and with
// one, 64 connections, in interleaved rounds on one machine. Prints medians, and the ratio of each round's pair, whose
// median is the one to believe. `node overhead.js [rounds] [seconds]`
import { fork } from 'node:child_process'
import { once } from 'node:events'
import autocannon from 'autocannon'

const rounds = Number(process.argv[2] ?? 15)
const seconds = Number(process.argv[3] ?? 2)

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

async function start (way, tasks) {
  const child = fork(new URL('server.js', import.meta.url), [way, String(tasks)])
  const [{ port }] = await once(child, 'message')
  return { child, url: `http://127.0.0.1:${port}/`, perSecond: [], cpu: [] }
}

async function used ({ child }) {
  child.send('used')
  const [{ cpu }] = await once(child, 'message')
  return cpu.user + cpu.system
}

async function measure (server, counts) {
  const before = await used(server)
  const { requests, errors, duration } = await autocannon({ url: server.url, connections: 64, duration: seconds })
  if (errors > 0) throw new Error(`${errors} requests failed`)
  if (!counts) return
  server.perSecond.push(requests.total / duration)
  server.cpu.push((await used(server) - before) / requests.total)
}

console.log(`Node ${process.version}, ${rounds} rounds of ${seconds} s, 64 connections`)
for (const tasks of [0, 1]) {
  const array = await start('array', tasks)
  const plugin = await start('plugin', tasks)
  for (let round = -1; round < rounds; round++) {
    // Whoever goes first in one round goes second in the next; the first round warms up.
    const order = round % 2 === 0 ? [array, plugin] : [plugin, array]
    for (const server of order) await measure(server, round >= 0)
  }
  const throughput = median(plugin.perSecond.map((value, i) => value / array.perSecond[i]))
  const cpu = median(plugin.cpu.map((value, i) => array.cpu[i] / value))
  console.log(`${tasks} tasks: array ${median(array.perSecond).toFixed(0)} requests/s, ${median(array.cpu).toFixed(1)} µs of CPU each; ` +
    `plugin ${median(plugin.perSecond).toFixed(0)} requests/s, ${median(plugin.cpu).toFixed(1)} µs; ` +
    `ratio ${throughput.toFixed(3)} by throughput, ${cpu.toFixed(3)} by CPU`)
  array.child.kill()
  plugin.child.kill()
}
