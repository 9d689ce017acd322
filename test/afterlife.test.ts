import type { FastifyReply } from 'fastify'
import timers from 'node:timers'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { Client } from './helpers/client.js'
import { deferred } from './helpers/promise.js'

// The package takes its timers from here when it loads, which it has not yet: a minute passes at once, when the test says so.
const minutes: Array<() => void> = []
const { setTimeout: realSetTimeout } = timers
timers.setTimeout = ((callback: () => void, ms?: number, ...args: []) => {
  if (ms !== 60_000) return realSetTimeout(callback, ms, ...args)
  minutes.push(callback)
  return realSetTimeout(() => {}, 0)
}) as typeof timers.setTimeout
const { createApp, listen } = await import('./helpers/app.js')
timers.setTimeout = realSetTimeout

const ways: Array<[string, (reply: FastifyReply) => void]> = [
  ['never replies', () => {}],
  ['hijacks only then', (reply) => { reply.hijack() }]
]

for (const [how, afterwards] of ways) {
  t.test(`a callback handler that ${how} to a client that has left counts as settled after a minute`, async (t) => {
    const { app } = await createApp(t)
    const ran: string[] = []
    const atWork = deferred()
    const hasLeft = deferred()
    app.get('/', (request, reply) => {
      request.backgroundTasks.addTask(() => { ran.push('task') })
      atWork.resolve()
      reply.raw.once('close', () => {
        afterwards(reply)
        hasLeft.resolve()
      })
    })
    const client = await Client.connect(await listen(app))
    client.send('GET', '/')
    await atWork.promise
    client.hangUp()
    await hasLeft.promise
    await sleep(30)
    t.same(ran, [], 'until then they wait')
    for (const pass of minutes.splice(0)) pass()
    await app.backgroundTasks.idle()
    t.same(ran, ['task'])
  })
}
