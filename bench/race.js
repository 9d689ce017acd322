import { inTurn } from './interleave.js'
import { load } from './load.js'

/**
 * Requests a second of several servers. In each round there are new ones, as what the compiler makes of a program differs
 * from one process to the next by more than what is measured; they are warmed up for `warmUp` seconds, and take `turns`
 * turns of `seconds` each.
 *
 * @param starts starts a server, by the name of each
 * @returns of each name and round `perSecond`, and `cpu`: microseconds of CPU time a request, where the server tells
 */
export async function race (starts, { rounds, turns, seconds, warmUp, path, connections }) {
  const names = Object.keys(starts)
  const results = Object.fromEntries(names.map((name) => [name, []]))

  for (let round = 0; round < rounds; round++) {
    process.stdout.write(`  round ${round + 1} of ${rounds}\n`)
    const runners = {}
    for (const name of inTurn(names, round)) {
      const server = await starts[name]()
      await load(server.port, { duration: warmUp }, { path, connections })
      runners[name] = { server, requests: 0, seconds: 0, cpu: 0 }
    }
    for (let turn = 0; turn < turns; turn++) {
      for (const name of inTurn(names, round + turn)) await takeTurn(runners[name], seconds, { path, connections })
    }
    for (const [name, { server, requests, seconds, cpu }] of Object.entries(runners)) {
      results[name].push({ perSecond: requests / seconds, cpu: cpu / requests })
      await server.stop()
    }
  }
  return results
}

async function takeTurn (runner, duration, options) {
  const before = await runner.server.ask('cpu')
  const { requests, seconds } = await load(runner.server.port, { duration }, options)
  runner.requests += requests
  runner.seconds += seconds
  runner.cpu += await runner.server.ask('cpu') - before
}
