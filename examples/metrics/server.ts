// `npm run start:metrics`: metrics of tasks at /metrics, for Prometheus. PORT is 3000 by default.
import closeWithGrace from 'close-with-grace'
import { createApp } from './app.js'

const app = await createApp({ logger: true })

closeWithGrace({ delay: 15_000 }, async ({ err }) => {
  if (err) app.log.error({ err }, 'closing because of an error')
  await app.close()
})

await app.listen({ port: Number(process.env.PORT ?? 3000) })
console.log(`Open ${app.listeningOrigin}, or try: curl -X POST ${app.listeningOrigin}/orders; curl ${app.listeningOrigin}/metrics`)
