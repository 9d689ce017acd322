// `npm run start:orders`: tasks in the transaction of an order. It creates tables in the database of DATABASE_URL, by default
// postgres://127.0.0.1:5432/orders. PORT is 3000 by default.
// The first time there is a receipt in the log. The second time tea is sold out: no order, and no receipt.
import closeWithGrace from 'close-with-grace'
import { createApp } from './app.js'

const app = await createApp(process.env.DATABASE_URL ?? 'postgres://127.0.0.1:5432/orders', { logger: true })

closeWithGrace({ delay: 15_000 }, async ({ err }) => {
  if (err) app.log.error({ err }, 'closing because of an error')
  await app.close()
})

await app.listen({ port: Number(process.env.PORT ?? 3000) })
console.log(`Try it twice: curl -i -H 'content-type: application/json' -d '{"item":"tea"}' ${app.listeningOrigin}/orders`)
