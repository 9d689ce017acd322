// A route with some async tasks: `node overhead.js <way> <tasks>`, where way is "array" (drained by hand in onResponse, as
// one would write it without the plugin) or "plugin".
import Fastify from 'fastify'
import backgroundTasks from 'fastify-background-tasks'
import { serve } from './answer.js'

const [way, tasks] = [process.argv[2], Number(process.argv[3])]
const app = Fastify()

let done = 0
async function task (n) {
  done += n
}

if (way === 'array') {
  app.decorateRequest('tasks', null)
  app.addHook('onResponse', async (request) => {
    if (request.tasks === null) return
    for (const [func, ...args] of request.tasks) {
      try {
        await func(...args)
      } catch (err) {
        request.log.error({ err })
      }
    }
  })
  app.get('/', async (request) => {
    for (let i = 0; i < tasks; i++) (request.tasks ??= []).push([task, 1])
    return { hello: 'world' }
  })
} else {
  await app.register(backgroundTasks)
  app.get('/', async (request) => {
    for (let i = 0; i < tasks; i++) request.backgroundTasks.addTask(task, 1)
    return { hello: 'world' }
  })
}

await serve(app, { done: () => done })
