// A server whose tasks are CPU-bound: `node responsiveness.js <way>`, where way is "thread", "inline", "piscina" (by hand, in
// onResponse) or "idle" (no tasks). It answers when the tasks of a request to / have ended. Their
// thread has started before, as in a server that is at work.
import Fastify from 'fastify'
import backgroundTasks from 'fastify-background-tasks'
import { Piscina } from 'piscina'
import { compute } from '../tasks/math.js'
import { serve } from './answer.js'

const way = process.argv[2]
const [count, duration] = [8, 250]
const app = Fastify()
let hasEnded
const end = new Promise((resolve) => { hasEnded = resolve })

app.get('/ping', async () => 'pong')

if (way === 'piscina') {
  const piscina = new Piscina({ filename: new URL('../piscina/math.js', import.meta.url).href, name: 'compute', maxThreads: 1 })
  app.addHook('onResponse', async (request) => {
    if (request.url !== '/') return
    for (let i = 0; i < count; i++) await piscina.run(duration)
    hasEnded()
  })
  app.get('/', async () => 'ok')
  await piscina.run(1)
} else {
  await app.register(backgroundTasks, {
    tasks: new URL('../tasks/', import.meta.url),
    threads: way === 'inline' ? false : { max: 1 },
    blockedWarning: 0
  })
  app.get('/', async (request) => {
    if (way === 'idle') setTimeout(hasEnded, count * duration)
    else for (let i = 0; i < count; i++) request.backgroundTasks.addTask(compute, duration)
    if (way !== 'idle') request.backgroundTasks.addTask(async () => { hasEnded() })
    return 'ok'
  })
  if (way === 'thread') {
    app.backgroundTasks.addTask(compute, 1)
    await app.backgroundTasks.idle()
  }
}

await serve(app, { end: () => end })
