// `npm start`: a page that shows what happens after a response. PORT is 3000 by default.
import { fileURLToPath } from 'node:url'
import closeWithGrace from 'close-with-grace'
import { createApp } from './app.js'
import { openMailbox } from './mailbox.js'

const mailbox = await openMailbox()
const auditFile = process.env.AUDIT_FILE ?? fileURLToPath(new URL('audit.log', import.meta.url))

const app = await createApp(mailbox, auditFile, { logger: true })
// Tasks send e-mails. They have ended when the onClose hooks run.
app.addHook('onClose', async () => { await mailbox.close() })

closeWithGrace({ delay: 15_000 }, async ({ err }) => {
  if (err) app.log.error({ err }, 'closing because of an error')
  await app.close()
})

await app.listen({ port: Number(process.env.PORT ?? 3000) })
console.log(`Open ${app.listeningOrigin}, or try: curl -d email=ada@example.com ${app.listeningOrigin}/signup`)
