// A route with an async task, and one with a plain one, which runs in a thread. Its peer is fastapi_app.py.
import Fastify from 'fastify'
import backgroundTasks from 'fastify-background-tasks'
import { send } from '../tasks/mail.js'
import { add } from '../tasks/math.js'
import { serve } from './answer.js'

const app = Fastify()
await app.register(backgroundTasks, { tasks: new URL('../tasks/', import.meta.url) })

app.get('/async', async ({ backgroundTasks }) => {
  backgroundTasks.addTask(send, 'ada@example.com')
  return { hello: 'world' }
})
app.get('/sync', async ({ backgroundTasks }) => {
  backgroundTasks.addTask(add, 1, 2)
  return { hello: 'world' }
})

await serve(app)
