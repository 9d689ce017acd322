import assert from 'node:assert'
import Fastify from 'fastify'
import plugin, { backgroundTasks, BackgroundTask, BackgroundTasks } from 'fastify-background-tasks'

assert.equal(plugin, backgroundTasks)
const app = Fastify()
await app.register(plugin)
const ran = []
app.get('/', async (request) => {
  assert(request.backgroundTasks instanceof BackgroundTasks)
  request.backgroundTasks.addTask((name) => { ran.push(name) }, 'esm')
  return 'ok'
})
await app.inject('/')
await app.close()
assert.deepEqual(ran, ['esm'])
assert.equal(await new BackgroundTask((n) => n * 2, 21)(), 42)
