// A server to be measured: `node server.js <way> <tasks>`, where way is "array" (a queue drained by hand, as one would
// write it without the plugin) or "plugin". Tells its port, and on any message the CPU time it has used.
import Fastify from 'fastify'
import backgroundTasks from 'fastify-background-tasks'

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

await app.listen({ host: '127.0.0.1', port: 0 })
process.on('message', () => process.send({ cpu: process.cpuUsage(), done }))
process.on('SIGINT', () => process.exit())
process.send({ port: app.server.address().port })
