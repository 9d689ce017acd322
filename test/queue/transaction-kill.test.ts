import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import t, { type Test } from 'tap'
import { startProgram } from '../helpers/program.js'
import { openQueue, testOnPostgres, type QueueServer } from '../helpers/queue.js'

const program = fileURLToPath(new URL('./orders-process.js', import.meta.url))
const orders = 400
const ordersPerKill = 95
/** How many clients place orders concurrently. */
const clients = 10

/** What a client has learned about its order. */
type Outcome = 'accepted' | 'refused' | 'unknown'

/** An API that is killed and started again while clients place orders. */
class MortalApi {
  readonly #t: Test
  readonly #settings: string
  #process!: ReturnType<typeof startProgram>
  #origin!: Promise<string>

  constructor (t: Test, settings: object) {
    this.#t = t
    this.#settings = JSON.stringify(settings)
    this.start()
  }

  start (): void {
    const { until, output } = this.#process = startProgram(this.#t, [process.execPath, program, this.#settings])
    this.#origin = until('listening at').then(() => /listening at (\S+)/.exec(output())?.[1] as string)
  }

  kill (): void {
    this.#process.child.kill('SIGKILL')
  }

  async place (id: string): Promise<Outcome> {
    const origin = await this.#origin
    const query = new URLSearchParams({ by: Math.random() < 0.5 ? 'request' : 'app', fails: Math.random() < 0.2 ? 'yes' : 'no' })
    try {
      const { status } = await fetch(`${origin}/orders/${id}?${query}`, { method: 'POST' })
      return status === 201 ? 'accepted' : 'refused'
    } catch {
      return 'unknown'
    }
  }
}

testOnPostgres(t, 'when the API is killed, each order that was committed has one job, and no other order has one', async (t, server: QueueServer) => {
  const [name, table, application] = [`test-${randomUUID()}`, `orders-${randomUUID()}`, `test-${randomUUID()}`]
  const queue = openQueue(t, server, name)
  const client = new pg.Client(server.url())
  await client.connect()
  await client.query(`CREATE TABLE "${table}" (id text PRIMARY KEY)`)
  t.teardown(async () => {
    await client.query(`DROP TABLE "${table}"`)
    await client.end()
  })

  const api = new MortalApi(t, { connection: server.url(), name, table, application })
  const outcomes = new Map<string, Outcome>()
  let placed = 0
  const placeOrders = async (): Promise<void> => {
    while (placed < orders) {
      const n = ++placed
      if (n % ordersPerKill === 0) {
        await sleep(Math.random() * 20)
        api.kill()
        api.start()
      }
      const id = `order ${n}`
      outcomes.set(id, await api.place(id))
    }
  }
  await Promise.all(Array.from({ length: clients }, placeOrders))
  api.kill()
  // The server ends the transactions of the processes that were killed.
  while ((await client.query('SELECT 1 FROM pg_stat_activity WHERE application_name = $1', [application])).rows.length > 0) await sleep(10)

  const committed = (await client.query<{ id: string }>(`SELECT id FROM "${table}"`)).rows.map(({ id }) => id).sort()
  const jobs = (await queue.getJobs('waiting')).map(({ data }) => data.tasks.map(({ args }: { args: unknown[] }) => args[1]).join()).sort()
  const isCommitted = new Set(committed)
  const having = (outcome: Outcome): string[] => [...outcomes].filter(([, other]) => other === outcome).map(([id]) => id)
  const unknown = having('unknown')
  const killedAfter = unknown.filter((id) => isCommitted.has(id))

  t.equal(outcomes.size, orders)
  t.same(jobs, committed, 'one job for each order that was committed')
  t.same(having('accepted').filter((id) => !isCommitted.has(id)), [], 'an order that was accepted is there')
  t.same(having('refused').filter((id) => isCommitted.has(id)), [], 'an order that was refused is not')
  t.ok(having('refused').length > 0, 'some were rolled back')
  t.ok(killedAfter.length > 0, 'some were killed after the commit')
  t.ok(unknown.length > killedAfter.length, 'some were killed before the commit')
  t.comment(`${orders} orders, ${committed.length} committed, ${jobs.length} jobs, ${having('refused').length} rolled back; of ${unknown.length} that were killed, ${killedAfter.length} were committed`)
})
