import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { runScript, startExample } from '../helpers/example.js'

for (const [name, route, line] of [
  ['esm', 'GET /', '"primes":78498'],
  ['commonjs', 'GET /', '"primes":78498'],
  ['typescript', 'GET /', '"primes":78498'],
  ['fastify-cli', 'POST /users', '"rendered an avatar"'],
  ['graceful-shutdown', 'GET /', '"the database is closed"']
] as const) {
  t.test(`npm run start:${name} answers, runs its tasks, and ends with SIGINT`, async (t) => {
    const { server, origin, output, until } = await startExample(t, name)
    await until(': curl ')
    const [method, url] = route.split(' ')
    const response = await fetch(origin + url, { method, headers: { connection: 'close' } })
    t.ok(response.ok)

    // Not all of them wait for their tasks when they are told to end.
    if (name !== 'graceful-shutdown') while (!output().includes('all done')) await sleep(10)
    server.kill('SIGINT')
    await once(server, 'close')
    t.match(output(), line)
    t.match(output(), 'all done')
    if (name === 'graceful-shutdown') t.ok(output().indexOf('all done') < output().indexOf(line), 'tasks come first')
  })
}

for (const name of ['testing', 'testing-tap']) {
  t.test(`npm run start:${name} passes`, async (t) => {
    const { exit, output } = runScript(t, `start:${name}`)
    t.equal(await exit(), 0, output())
    t.match(output(), /pass:? [23]/)
  })
}
