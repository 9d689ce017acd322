// A route with five tasks that are stored on a queue: `node queue.js <way> <connection> <name>`, where way is "hand" (five
// queue.add of BullMQ, in onResponse) or "plugin". It answers when all are stored, and how many jobs there are then.
import { createPostgresBackend, Queue } from 'bullmq'
import Fastify from 'fastify'
import backgroundTasks from 'fastify-background-tasks'
import { send } from '../tasks/mail.js'
import { serve } from './answer.js'

const [, , way, connection, name] = process.argv
const app = Fastify()
const queue = connection.startsWith('postgres')
  ? new Queue(name, { connection: { connectionString: connection, migrate: true } }, createPostgresBackend)
  : new Queue(name, { connection: { url: connection } })
await queue.waitUntilReady()

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

await serve(app, {
  async stored () {
    await stored()
    return await queue.getWaitingCount()
  },
  async clear () { await queue.obliterate({ force: true }) }
})
