// `npm run start:thumbnails`: thumbnails, made in worker threads. PORT is 3000 and IMAGES a new folder by default.
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import closeWithGrace from 'close-with-grace'
import { createApp } from './app.js'

const folder = process.env.IMAGES ?? await mkdtemp(join(tmpdir(), 'thumbnails-'))
const app = await createApp(folder, { logger: true })
app.log.info(`Pictures and thumbnails are kept in ${folder}`)

closeWithGrace({ delay: 15_000 }, async ({ err }) => {
  if (err) app.log.error({ err }, 'closing because of an error')
  await app.close()
})

await app.listen({ port: Number(process.env.PORT ?? 3000) })
console.log(`Open ${app.listeningOrigin}, or try: curl -H 'content-type: image/png' --data-binary @docs/demo.png ${app.listeningOrigin}/images`)
