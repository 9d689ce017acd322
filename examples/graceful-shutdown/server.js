// `npm run start:graceful-shutdown`, then Ctrl-C while a task runs.
import closeWithGrace from 'close-with-grace'
import Fastify from 'fastify'
import backgroundTasks from 'fastify-background-tasks'
import { setTimeout as sleep } from 'node:timers/promises'

// Written at once: what pino has on its way to the output when the process exits may come after lines that are newer.
const app = Fastify({ logger: { stream: process.stdout } })
await app.register(backgroundTasks, { closeTimeout: 10_000 })

// By now every task has ended: what they need can be closed.
app.addHook('onClose', async () => app.log.info('the database is closed'))

app.get('/', async (request) => {
  request.backgroundTasks.addTask(async () => {
    await sleep(500)
    request.log.info('all done')
  })
  return 'ok'
})

// Longer than closeTimeout, else the process would be ended before its tasks are.
closeWithGrace({ delay: 15_000 }, async ({ err }) => {
  if (err) app.log.error({ err }, 'closing because of an error')
  await app.close()
})

await app.listen({ port: Number(process.env.PORT ?? 3000) })
