// A server whose tasks are CPU-bound: `node threads-server.js <way>`, where way is "thread", "inline", "piscina" (by hand,
// in onResponse) or "idle" (no tasks). Tells its port, and when eight tasks of 250 ms have ended.
import Fastify from 'fastify'
import backgroundTasks from 'fastify-background-tasks'
import { Piscina } from 'piscina'
import { compute } from './tasks/math.js'

const way = process.argv[2]
const [count, duration] = [8, 250]
const app = Fastify()
let piscina

app.get('/ping', async () => 'pong')

if (way === 'piscina') {
  piscina = new Piscina({ filename: new URL('piscina/math.js', import.meta.url).href, name: 'compute', maxThreads: 1 })
  app.addHook('onResponse', async (request) => {
    if (request.url !== '/') return
    for (let i = 0; i < count; i++) await piscina.run(duration)
    process.send('done')
  })
  app.get('/', async () => 'ok')
} else {
  await app.register(backgroundTasks, {
    tasks: new URL('tasks/', import.meta.url),
    threads: way === 'inline' ? false : { max: 1 },
    blockedWarning: 0
  })
  app.get('/', async (request) => {
    if (way !== 'idle') for (let i = 0; i < count; i++) request.backgroundTasks.addTask(compute, duration)
    request.backgroundTasks.addTask(async () => { process.send('done') })
    return 'ok'
  })
}

await app.listen({ host: '127.0.0.1', port: 0 })
process.on('disconnect', () => process.exit())
process.send(app.server.address().port)
