import assert from 'node:assert'
import Fastify from 'fastify'
import plugin, { backgroundTasks, BackgroundTask, BackgroundTasks, loadTasks } from 'fastify-background-tasks'
import { isMainThread } from './task-module.mjs'

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

await loadTasks('./task-module.mjs')
const task = new BackgroundTask(isMainThread)
assert.deepEqual([task.name, task.execution, await task()], ['task-module.isMainThread', 'thread', false])
