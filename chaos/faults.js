// The faults: what each does to the world, and how it ends. The world says who is there.
import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from './random.js'
import { record } from './record.js'

/** A process is killed, closed or paused, and another one takes its place. */
const processFaults = {
  async kill (process) { await process.restart('SIGKILL') },
  async close (process) { await process.restart('SIGTERM') },
  async pause (process, random) {
    process.signal('SIGSTOP')
    await sleep(random.between(100, 4_000))
    process.signal('SIGCONT')
  },
  async clock (process, random) {
    process.ask('clock', random.between(-8_000, 8_000))
    await sleep(random.between(500, 3_000))
    process.ask('clock', 0)
  }
}

/** The queue's server is killed; or the network is cut, silent or slow. */
const serverFaults = {
  async kill ({ server, down }) {
    server.kill()
    await sleep(down)
    await server.restart()
  },
  async stop ({ server, down }) {
    server.kill('SIGSTOP')
    await sleep(down)
    server.kill('SIGCONT')
  },
  async cut ({ proxy }) { proxy.cut() },
  async silence ({ proxy, down }) {
    const release = proxy.hold('asks', 'answers')
    await sleep(down)
    release()
  },
  /** What the server does is done, but nobody hears of it. */
  async 'lose answers' ({ proxy, down }) {
    const release = proxy.hold('answers')
    await sleep(Math.min(down, 1_500))
    proxy.cut()
    release()
  },
  async slow ({ proxy, down }, random) {
    proxy.delay = random.between(20, 300)
    await sleep(down)
    proxy.delay = 0
  },
  async fill ({ server, down }) {
    await server.fill()
    await sleep(Math.min(down, 4_000))
    await server.empty()
  },
  async failover ({ server, proxy }) {
    if (server.failover === undefined || !await server.failover()) return false
    proxy.target = server.port
  }
}

/** Faults of processes and of the server, each at random times, until the signal aborts. Gives how many there were of each kind. */
export async function runFaults (world, seed, signal) {
  const counts = {}
  const long = []
  let last = 0
  const during = async (kind, target, pid, work) => {
    const fault = `${kind} #${++last}`
    record('fault', { fault, target, of: pid })
    const isDone = await work() !== false
    record('healed', { fault })
    if (isDone) counts[kind] = (counts[kind] ?? 0) + 1
  }
  const repeat = async (random, longest, once) => {
    while (!signal.aborted) {
      await sleep(random.between(200, longest), undefined, { signal }).catch(() => {})
      if (!signal.aborted) await once(random)
    }
  }
  const aServerFault = async (random) => {
    const kind = random.pick(Object.keys(serverFaults))
    // Most are short. Some last longer than storing waits, so that tasks run in the API.
    const down = random.chance(0.12) ? random.between(10_000, 14_000) : random.between(50, 4_000)
    await during(`server: ${kind}`, 'server', undefined, async () => await serverFaults[kind]({ ...world, down }, random))
  }
  const aProcessFault = async (random) => {
    const what = random.weighted([['api', 3], ['worker', world.workers.length], ['deploy', 0.5]])
    if (what === 'deploy') return await deploy(random)

    const process = random.pick(what === 'api' ? world.apis : world.workers)
    const kind = random.weighted([['kill', 4], ['close', 3], ['pause', 3], ['clock', 2], ['long pause', what === 'worker' ? 0.7 : 0]])
    if (process.isHeld) return
    if (kind !== 'long pause') return await during(`${what}: ${kind}`, 'process', process.pid, async () => { await processFaults[kind](process, random) })

    // Longer than a job's lock. The others go on meanwhile.
    process.isHeld = true
    long.push(during(`${what}: ${kind}`, 'process', process.pid, async () => {
      process.signal('SIGSTOP')
      await sleep(40_000, undefined, { signal }).catch(() => {})
      process.signal('SIGCONT')
      process.isHeld = false
    }))
  }
  /** Workers first. Until the last one has its new release, there are both. */
  const deploy = async () => {
    world.release = world.release % 3 + 1
    for (const process of [...world.workers, ...world.apis]) {
      if (!process.isHeld) await during(`deploy to a ${process.program}`, 'process', process.pid, async () => { await process.restart('SIGTERM') })
    }
  }

  await Promise.all([
    repeat(new Random(seed + 1), 2_000, aProcessFault),
    world.server && repeat(new Random(seed + 2), 4_000, aServerFault)
  ])
  await Promise.all(long)
  return counts
}
