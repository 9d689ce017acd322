// A route with one async task: `node start.js <way>`, where way is "array" or "plugin". It answers how many milliseconds after
// `finish` of each response its task has begun.
import Fastify from 'fastify'
import backgroundTasks from 'fastify-background-tasks'
import { serve } from './answer.js'

const app = Fastify()
let delays = []

/** Notes when the response was sent; whoever begins at `finish` has listened before. */
function withFinish (reply) {
  const times = { finish: undefined }
  reply.raw.prependOnceListener('finish', () => { times.finish = performance.now() })
  return times
}

async function task (times) {
  delays.push(performance.now() - times.finish)
}

if (process.argv[2] === 'array') {
  app.decorateRequest('tasks', null)
  app.addHook('onResponse', async ({ tasks }) => { for (const [func, ...args] of tasks) await func(...args) })
  app.get('/', async (request, reply) => {
    request.tasks = [[task, withFinish(reply)]]
    return { hello: 'world' }
  })
} else {
  await app.register(backgroundTasks)
  app.get('/', async (request, reply) => {
    request.backgroundTasks.addTask(task, withFinish(reply))
    return { hello: 'world' }
  })
}

await serve(app, {
  delays () {
    const taken = delays
    delays = []
    return taken
  }
})
