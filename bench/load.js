import autocannon from 'autocannon'

/** How often autocannon looks whether it is over, in milliseconds: by default, once a second. */
const tick = 20

/** Asks a server on this machine, by 64 connections unless told otherwise. `limit` is `{ amount }` or `{ duration }` in seconds. */
export async function load (port, limit, { path = '/', connections = 64 } = {}) {
  const start = performance.now()
  const { requests, errors, non2xx } = await autocannon({ url: `http://127.0.0.1:${port}${path}`, connections, sampleInt: tick, ...limit })
  if (errors + non2xx > 0) throw new Error(`${errors} requests failed, and ${non2xx} were not answered with 2xx`)
  return { requests: requests.total, seconds: (performance.now() - start) / 1e3 }
}
