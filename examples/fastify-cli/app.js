// `npm run start:fastify-cli`
import autoload from '@fastify/autoload'
import { join } from 'node:path'

export default async function app (fastify, options) {
  // Plugins first: a route's options for its tasks are checked when it is added.
  await fastify.register(autoload, { dir: join(import.meta.dirname, 'plugins') })
  await fastify.register(autoload, { dir: join(import.meta.dirname, 'routes') })
}
