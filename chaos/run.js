// The harness: `npm run chaos -- --minutes 10 --server postgres --seed 7`. APIs and workers under load, while faults happen to
// them and to the queue's server. Then all of it is healed, and what was recorded is checked: any violation is an exit with 1.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { check } from './check.js'
import { Child } from './child.js'
import { runFaults } from './faults.js'
import { History } from './history.js'
import { Load } from './load.js'
import { Proxy } from './proxy.js'
import { Random } from './random.js'
import { record } from './record.js'
import { PostgresServer, RedisServer } from './servers.js'

/** How much an API's heap may grow from one load without faults to the next, in megabytes. */
const mostGrowth = 4
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    server: { type: 'string', default: 'none' },
    seed: { type: 'string', default: `${Math.floor(Math.random() * 1e6)}` },
    wait: { type: 'string', default: '180' }, // seconds: a job is taken over after 45, and one that no worker knew is tried a minute later
    faults: { type: 'boolean', default: true },
    keep: { type: 'boolean', default: false }
  },
  allowNegative: true
})
const [minutes, seed] = [Number(values.minutes), Number(values.seed)]
const servers = { none: undefined, redis: RedisServer, postgres: PostgresServer }
if (!(minutes > 0 && Number.isInteger(seed) && values.server in servers)) throw new Error('--minutes is a number above 0, --seed an integer, --server one of redis, postgres and none')
const command = `npm run chaos -- --minutes ${minutes} --server ${values.server} --seed ${seed}`
console.log(command)

const directory = mkdtempSync(join(tmpdir(), 'chaos-'))
process.env.CHAOS_HISTORY = join(directory, 'history.jsonl')
writeFileSync(process.env.CHAOS_HISTORY, '')
const history = new History(process.env.CHAOS_HISTORY)

const random = new Random(seed + 3)
const server = await servers[values.server]?.start(directory)
const proxy = server && await Proxy.start(server.port)
const connection = server?.url(proxy.port) ?? 'memory:'
const world = { server, proxy, release: 1, apis: [], workers: [] }

const configureApi = () => ({
  config: {
    http2: random.chance(0.4),
    awaitTasks: random.chance(0.5),
    queue: server === undefined && random.chance(0.5) ? undefined : { connection, enqueue: random.pick(['afterResponse', 'beforeResponse']), worker: server !== undefined && !world.isCalm && random.chance(0.2) && { concurrency: 2 } }
  },
  env: { CHAOS_RELEASE: world.release }
})
const configureWorker = () => ({ config: { connection }, env: { CHAOS_RELEASE: world.isCalm ? 'all' : world.release } })
world.apis = [1, 2].map(() => new Child('api', configureApi))
world.workers = server === undefined ? [] : [1, 2].map(() => new Child('worker', configureWorker))
const all = [...world.apis, ...world.workers]
process.on('exit', () => {
  for (const child of all) child.kill()
  server?.stop()
  if (!values.keep) rmSync(directory, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))

await Promise.all(all.map((child) => child.start()))
const load = new Load(new Random(seed), () => world.apis.filter((api) => api.isReady))
const until = AbortSignal.timeout(minutes * 60_000)
const [faults] = await Promise.all([
  values.faults ? runFaults(world, seed, until) : {},
  load.run(6, until)
])

// Calm: no more faults, and every worker knows the tasks of all releases. What was accepted ends; a load leaves nothing behind.
record('calm', {})
world.isCalm = true
await Promise.all(all.filter(({ program, config }) => program === 'worker' || config?.queue?.worker).map((child) => child.restart('SIGTERM')))
const calm = async (seconds) => {
  await load.run(6, AbortSignal.timeout(seconds * 1_000))
  return await Promise.all(world.apis.map((api) => api.ask('heap', undefined, values.wait * 1_000)))
}
const warm = await calm(3)
const heap = await calm(5)
const deadline = Date.now() + values.wait * 1_000
do {
  await sleep(500)
  history.read()
} while (history.outstanding.length > 0 && Date.now() < deadline)
const violations = history.outstanding.map(({ t, kind, isQueued }) => ({ rule: 'nothing accepted is lost', what: `${t} (${kind}, ${isQueued ? 'queue' : 'process'})`, tasks: [t] }))

for (const child of [...world.apis, ...world.workers]) child.end('SIGTERM')
await Promise.all(all.map((child) => child.ended()))
proxy?.close()
history.read()
const { violations: others, explained } = check(history)
violations.push(...others)
for (const [index, before] of warm.entries()) {
  if (before === undefined || heap[index] === undefined) violations.push({ rule: 'idle() resolves when nothing is left', what: `${values.wait} s`, tasks: [] })
  else if (heap[index] - before > mostGrowth) violations.push({ rule: `the heap grows by at most ${mostGrowth} MB`, what: `${before.toFixed(1)} to ${heap[index].toFixed(1)} MB`, tasks: [] })
}

const tasks = [...history.tasks.values()]
const ran = tasks.filter(({ begins }) => begins.length > 0).length
console.table({
  requests: Object.values(load.counts).reduce((sum, count) => sum + count, 0),
  'tasks accepted': tasks.filter(({ added }) => added !== undefined).length,
  'tasks that ran': ran,
  'ran again, as a fault explains': explained,
  faults: Object.values(faults).reduce((sum, count) => sum + count, 0),
  violations: violations.length
})
console.log(`Requests by client: ${JSON.stringify(load.counts)}`)
console.log(`Faults: ${JSON.stringify(faults)}`)
console.log(`Warnings logged: ${JSON.stringify(history.warnings, null, 1)}`)

const byRule = new Map()
for (const violation of violations) byRule.set(violation.rule, [...byRule.get(violation.rule) ?? [], violation])
for (const [rule, broken] of byRule) {
  console.log(`\nNOT OK - ${rule}: ${broken.length} times, with seed ${seed}`)
  const shortest = broken.map((violation) => ({ ...violation, lines: history.of(violation.tasks) })).sort((a, b) => a.lines.length - b.lines.length)
  for (const { what, lines } of shortest.slice(0, 2)) {
    console.log(`- ${what}`)
    for (const { n, ...event } of lines.slice(0, 60)) console.log(`    ${JSON.stringify(event)}`)
  }
}
console.log(violations.length === 0 ? '\nok - no violation' : `\nNOT OK - ${violations.length} violations: ${command}`)
process.exit(violations.length === 0 ? 0 : 1)
