// `npm run start:typescript`; on Node.js 22.18 and later `node build/examples/typescript/server.ts` as well.
import Fastify from 'fastify'
import backgroundTasks from 'fastify-background-tasks'
import { countPrimes } from './tasks/primes.ts'

const app = Fastify({ logger: true })
await app.register(backgroundTasks, { tasks: new URL('./tasks/', import.meta.url) })

app.get('/', async (request) => {
  request.backgroundTasks.addTask(countPrimes, 1_000_000) // in a worker thread
  request.backgroundTasks.addTask(async () => request.log.info('all done'))
  return 'ok'
})

await app.listen({ port: Number(process.env.PORT ?? 3000) })
console.log(`Try: curl ${app.listeningOrigin}`)
