import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import pg from 'pg'
import t from 'tap'
import { startExample } from '../helpers/example.js'
import { testOnPostgres } from '../helpers/queue.js'

testOnPostgres(t, 'an order that is committed gets its receipt, one that is rolled back gets none', async (t, server) => {
  const name = `example-${randomUUID()}`
  const admin = new pg.Client(server.url())
  await admin.connect()
  await admin.query(`CREATE DATABASE "${name}"`)
  t.teardown(async () => {
    await admin.query(`DROP DATABASE "${name}" WITH (FORCE)`)
    await admin.end()
  })
  const { origin, output, server: child } = await startExample(t, 'orders', { DATABASE_URL: server.url().replace(/test$/, name) })

  const order = async (item: string): Promise<number> => {
    const response = await fetch(`${origin}/orders`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ item }) })
    return response.status
  }
  t.same([await order('tea'), await order('tea'), await order('coffee')], [201, 409, 201])
  while (!output().includes('receipt sent for coffee')) await new Promise((resolve) => { setTimeout(resolve, 10) })
  child.kill('SIGTERM')
  t.same(await once(child, 'exit'), [0, null])
  t.same(output().match(/receipt sent for \w+/g), ['receipt sent for tea', 'receipt sent for coffee'])
  t.notMatch(output().replaceAll(/.*blocked the event loop.*/g, ''), /"level":[45]0/) // which a busy machine may do
})
