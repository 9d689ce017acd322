// `npm run start:graceful-shutdown`, then Ctrl-C while a task runs.
import closeWithGrace from 'close-with-grace'
import Fastify from 'fastify'
import backgroundTasks from 'fastify-background-tasks'
import { setTimeout as sleep } from 'node:timers/promises'

// Written synchronously, so that the last lines appear in order before the process exits.
const app = Fastify({ logger: { stream: process.stdout } })
await app.register(backgroundTasks, { closeTimeout: 10_000 })

// Every task has ended by now, so what they need can be closed.
app.addHook('onClose', async () => app.log.info('the database is closed'))

app.get('/', async (request) => {
  request.backgroundTasks.addTask(async () => {
    await sleep(500)
    request.log.info('all done')
  })
  return 'ok'
})

// Longer than closeTimeout. Otherwise the process would end before its tasks.
closeWithGrace({ delay: 15_000 }, async ({ err }) => {
  if (err) app.log.error({ err }, 'closing because of an error')
  await app.close()
})

await app.listen({ port: Number(process.env.PORT ?? 3000) })
console.log(`Try: curl ${app.listeningOrigin}, and Ctrl-C at once`)
