import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { runScript, startExample } from '../helpers/example.js'
import { freePort } from '../helpers/free-port.js'
import { openQueue, testOnOne, type QueueServer } from '../helpers/queue.js'

interface Result {
  invoice: { madeBy: number, inThread: boolean, seal: string } | null
  mail: { sentBy: number, attempt: number, key: string, seal: string } | null
}

/** The example, as `npm run start:queue` starts it, and its own queue. */
async function start (t: Test, server: QueueServer) {
  const name = `example-${randomUUID()}`
  const queue = openQueue(t, server, name)
  const folder = t.testdir()
  const example = await startExample(t, 'queue', { QUEUE_URL: server.url(), QUEUE_NAME: name, ORDERS: folder })

  async function stop (signal: NodeJS.Signals): Promise<number> {
    example.server.kill(signal)
    const [code] = await once(example.server, 'exit')
    return code as number
  }
  t.teardown(async () => { if (example.server.exitCode === null) await stop('SIGTERM') })
  return { ...example, stop, name, queue, folder }
}

async function order (origin: string): Promise<string> {
  const response = await fetch(`${origin}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'ada@example.com' })
  })
  if (response.status !== 202) throw new Error(await response.text())
  return new URL(response.headers.get('location') ?? '', origin).href
}

async function fulfil (url: string): Promise<Required<Result>> {
  for (;;) {
    const result = await (await fetch(url)).json() as Result
    if (result.mail !== null) return result
    await sleep(20)
  }
}

testOnOne(t, 'workers do what follows an order, one takes over when the other is killed, and bull-board shows their queue', async (t, server) => {
  const { origin, output, name, queue, stop, server: { pid } } = await start(t, server)
  t.match(await (await fetch(`${origin}/`)).json(), { board: `${origin}/board` })
  t.equal((await fetch(`${origin}/orders`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"email":"nobody"}' })).status, 400)

  const workers = /the workers are processes (\d+) and (\d+)/.exec(output())?.slice(1).map(Number) ?? []
  t.equal(workers.length, 2)
  const urls = await Promise.all(Array.from({ length: 10 }, async () => await order(origin)))
  const results = await Promise.all(urls.map(fulfil))
  for (const { invoice, mail } of results) {
    t.match(invoice, { madeBy: Number, inThread: true })
    t.ok(workers.includes(invoice?.madeBy ?? 0) && workers.includes(mail?.sentBy ?? 0), 'made by a worker, and sent by one')
    t.match(mail, { attempt: 2, seal: invoice?.seal })
  }
  t.equal(new Set(results.map(({ mail }) => mail?.key)).size, 10)
  t.notOk(workers.includes(pid ?? 0))

  while (await queue.getCompletedCount() < 10 || output().split('the order is done').length <= 10) await sleep(20)
  t.match(await (await fetch(`${origin}/board`)).text(), /<html/)
  const { queues: [shown] } = await (await fetch(`${origin}/board/api/queues?activeQueue=${name}&status=completed`)).json() as { queues: any[] }
  t.match(shown, { name, counts: { completed: 10, failed: 0 } })
  t.match(shown.jobs[0], { name: 'orders.renderInvoice, orders.sendInvoice', progress: { position: 1 } })

  while (output().split('worker started').length < 3) await sleep(20)
  const [victim = 0, survivor] = workers
  process.kill(victim, 'SIGKILL')
  const later = await Promise.all(Array.from({ length: 10 }, async () => await order(origin)))
  for (const { mail } of await Promise.all(later.map(fulfil))) t.equal(mail?.sentBy, survivor)

  t.equal(await stop('SIGINT'), 0)
  t.equal(output().split('worker stopped').length, 2, 'the other worker has ended well')
})

t.test('without a server the example says what to do', async (t) => {
  const port = await freePort()
  const { exit, output } = runScript(t, 'start:queue', { QUEUE_URL: `postgres://ada:secret@127.0.0.1:${port}/orders`, ORDERS: t.testdir() })
  t.equal(await exit(), 1)
  t.match(output(), `No server answers on 127.0.0.1:${port}. Start one`)
  t.notMatch(output(), 'secret')
})
