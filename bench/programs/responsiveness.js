// A server whose tasks are CPU-bound: `node responsiveness.js <way>`, where way is "thread", "inline", or "idle" (no tasks).
// It does ten of them when asked to.
import Fastify from 'fastify'
import backgroundTasks from 'fastify-background-tasks'
import { setTimeout as sleep } from 'node:timers/promises'
import { compute } from '../tasks/math.js'
import { serve } from './answer.js'

const way = process.argv[2]
const [count, duration] = [10, 150]
const app = Fastify()
await app.register(backgroundTasks, {
  tasks: new URL('../tasks/', import.meta.url),
  threads: way === 'inline' ? false : { max: 1 },
  blockedWarning: 0
})
app.get('/ping', async () => 'pong')
app.get('/work', async ({ backgroundTasks }) => {
  for (let i = 0; i < count; i++) backgroundTasks.addTask(compute, duration)
})

await serve(app, {
  async work () {
    if (way === 'idle') return await sleep(count * duration)
    await app.inject('/work')
    await app.backgroundTasks.idle()
  }
})
