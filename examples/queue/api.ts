// The API's process, which server.ts starts.
import closeWithGrace from 'close-with-grace'
import { createApp } from './app.js'

const { QUEUE_URL = '', QUEUE_NAME = '', ORDERS = '', PORT } = process.env
const app = await createApp({ connection: QUEUE_URL, name: QUEUE_NAME, folder: ORDERS }, { logger: true })

closeWithGrace({ delay: 15_000 }, async ({ err }) => {
  if (err) app.log.error({ err }, 'closing because of an error')
  await app.close()
})

await app.listen({ port: Number(PORT) })
console.log(`Open ${app.listeningOrigin}/board, and try: curl -H 'content-type: application/json' -d '{"email":"ada@example.com"}' ${app.listeningOrigin}/orders`)
