// `npm run start:fastify-cli`
import autoload from '@fastify/autoload'
import { join } from 'node:path'
import { servePage } from '../look.js'

export default async function app (fastify, options) {
  // Plugins first: a route's options for its tasks are checked when it is added.
  await fastify.register(autoload, { dir: join(import.meta.dirname, 'plugins') })
  await fastify.register(autoload, { dir: join(import.meta.dirname, 'routes') })

  servePage(fastify, new URL('page.html', import.meta.url))
  fastify.addHook('onListen', async () => {
    console.log(`Open ${fastify.listeningOrigin}, or try: curl -X POST ${fastify.listeningOrigin}/users`)
  })
}
