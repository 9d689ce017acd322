// `npm run start:commonjs`
const path = require('node:path')
const Fastify = require('fastify')
const backgroundTasks = require('fastify-background-tasks')
const { countPrimes } = require('./tasks/primes.cjs')

const app = Fastify({ logger: true })
app.register(backgroundTasks, { tasks: path.join(__dirname, 'tasks') }).after(() => {
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(countPrimes, 1_000_000) // in a worker thread
    request.backgroundTasks.addTask(async () => request.log.info('all done'))
    return 'ok'
  })
})

app.listen({ port: Number(process.env.PORT ?? 3000) }).then((origin) => { console.log(`Try: curl ${origin}`) })
