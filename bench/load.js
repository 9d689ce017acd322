import autocannon from 'autocannon'
import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** How often autocannon looks whether it is over, in milliseconds: by default, once a second. */
const tick = 20

/**
 * Debian's, where it is installed. autocannon, itself a Node.js program, takes more CPU time for a request than a server that
 * does nothing, so that the server would wait for it, and what the server does would hardly be seen.
 */
const wrk = /^wrk \S*\d\S*/.exec(spawnSync('wrk', ['-v'], { encoding: 'utf8' }).stdout)?.[0]

/** What asks for a time. */
export const client = `Asked by ${wrk ?? 'autocannon, as wrk is not installed'}`

/**
 * Asks a server on this machine, by 64 connections unless told otherwise.
 *
 * @param limit `{ amount }` of requests, or `{ duration }` in seconds, of which wrk knows whole ones only
 */
export async function load (port, limit, { path = '/', connections = 64 } = {}) {
  const url = `http://127.0.0.1:${port}${path}`
  const { requests, seconds, failures } = limit.duration !== undefined && wrk !== undefined
    ? await askByWrk(url, Math.ceil(limit.duration), connections)
    : await askByAutocannon(url, limit, connections)
  if (failures > 0) throw new Error(`${failures} requests failed, or were not answered with 2xx`)
  return { requests, seconds }
}

async function askByAutocannon (url, limit, connections) {
  const start = performance.now()
  const { requests, errors, non2xx } = await autocannon({ url, connections, sampleInt: tick, ...limit })
  return { requests: requests.total, seconds: (performance.now() - start) / 1e3, failures: errors + non2xx }
}

async function askByWrk (url, seconds, connections) {
  const { stdout } = await run('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, url])
  const number = (pattern) => Number(pattern.exec(stdout)?.[1] ?? 0)
  const failures = [/Non-2xx or 3xx responses: (\d+)/, /connect (\d+)/, /read (\d+)/, /write (\d+)/, /timeout (\d+)/].map(number)
  return { requests: number(/(\d+) requests in/), seconds: number(/requests in ([\d.]+)s/), failures: failures.reduce((sum, count) => sum + count) }
}
