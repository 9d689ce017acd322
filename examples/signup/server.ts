// `npm start`: a sign-up page, and what happens after its response. PORT is 3000 by default.
import { fileURLToPath } from 'node:url'
import closeWithGrace from 'close-with-grace'
import { createApp } from './app.js'
import { Collector } from './collector.js'
import { Mailbox } from './mailbox.js'

const mailbox = new Mailbox()
const collector = new Collector()
const auditFile = process.env.AUDIT_FILE ?? fileURLToPath(new URL('audit.log', import.meta.url))
await mailbox.open()
await collector.open()

const app = await createApp(mailbox, collector, auditFile, { logger: true })
// Tasks need both, so they close in an onClose hook: every task has ended by then.
app.addHook('onClose', async () => {
  await mailbox.close()
  await collector.close()
})

closeWithGrace({ delay: 15_000 }, async ({ err }) => {
  if (err) app.log.error({ err }, 'closing because of an error')
  await app.close()
})

await app.listen({ port: Number(process.env.PORT ?? 3000) })
