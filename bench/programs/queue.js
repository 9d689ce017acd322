// A route with five tasks that are stored on a queue: `node queue.js <way> <connection> <name>`, where way is "hand" (five
// queue.add of BullMQ, in onResponse) or "plugin". It answers when all are stored.
import Fastify from 'fastify'
import backgroundTasks from 'fastify-background-tasks'
import { send } from '../tasks/mail.js'
import { measured, serve } from './answer.js'
import { openQueue } from './bull.js'

const [, , way, connection, name] = process.argv
const app = Fastify()
const queue = await openQueue(name, connection)
let stored

if (way === 'hand') {
  const adding = new Set()
  app.decorateRequest('tasks', null)
  app.addHook('onResponse', async ({ tasks }) => {
    adding.add(tasks)
    await Promise.all(tasks.map(([task, ...args]) => queue.add(task, args)))
    adding.delete(tasks)
  })
  app.get('/', async (request) => {
    request.tasks = Array.from({ length: 5 }, () => ['send', 'ada@example.com', { subject: 'Hi' }])
    return { hello: 'world' }
  })
  stored = async () => { while (adding.size > 0) await new Promise((resolve) => setTimeout(resolve, 1)) }
} else {
  await app.register(backgroundTasks, { tasks: new URL('../tasks/', import.meta.url), queue: { connection, name } })
  app.get('/', async ({ backgroundTasks }) => {
    for (let i = 0; i < 5; i++) backgroundTasks.addTask(send, 'ada@example.com', { subject: 'Hi' })
    return { hello: 'world' }
  })
  stored = async () => { await app.backgroundTasks.idle() }
}

let expected = 0
await serve(app, {
  async stored (requests) {
    const taken = await measured(stored)
    expected += requests * (way === 'hand' ? 5 : 1)
    const jobs = await queue.getWaitingCount()
    if (jobs !== expected) throw new Error(`${jobs} jobs are stored, not ${expected}`)
    return taken
  },
  async clear () { await queue.obliterate({ force: true }) }
})
