import autocannon from 'autocannon'

/** Sends a server on this machine some requests, by 32 connections. Gives how many, and the time that they took. */
export async function load (server, amount, path = '/') {
  const before = await server.ask('cpu')
  const start = performance.now()
  // autocannon looks each 20 ms whether it is over: by default, once a second.
  const { requests, errors, non2xx } = await autocannon({ url: `http://127.0.0.1:${server.port}${path}`, connections: 32, amount, sampleInt: 20 })
  const seconds = (performance.now() - start) / 1e3
  if (errors + non2xx > 0) throw new Error(`${errors + non2xx} requests failed, or were not answered with 2xx`)
  return { units: requests.total, seconds, cpu: await server.ask('cpu') - before }
}
