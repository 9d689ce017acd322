const assert = require('node:assert')
const Fastify = require('fastify')
const plugin = require('fastify-background-tasks')
const { backgroundTasks, BackgroundTask, BackgroundTasks, loadTasks } = plugin
const { isMainThread } = require('./task-module.cjs')

assert.equal(typeof plugin, 'function')
assert.equal(plugin, backgroundTasks)
const app = Fastify()
app.register(plugin)
const ran = []
app.get('/', async (request) => {
  assert(request.backgroundTasks instanceof BackgroundTasks)
  request.backgroundTasks.addTask((name) => { ran.push(name) }, 'commonjs')
  return 'ok'
})
app.inject('/').then(() => app.close()).then(async () => {
  assert.deepEqual(ran, ['commonjs'])
  assert.equal(await new BackgroundTask((n) => n * 2, 21)(), 42)

  await loadTasks(require.resolve('./task-module.cjs'))
  const task = new BackgroundTask(isMainThread)
  assert.deepEqual([task.name, task.execution, await task()], ['task-module.isMainThread', 'thread', false])
})
