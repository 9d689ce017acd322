import { readFile } from 'node:fs/promises'
import type { FastifyInstance } from 'fastify'

/** The parts of the demo's page that pages of other examples use, too. */
const files = { 'style.css': 'text/css', 'latency.js': 'text/javascript', 'story.js': 'text/javascript' }

/** Serves an example's page, which looks like the demo. */
export function servePage (app: FastifyInstance, page: URL): void {
  app.get('/', { logLevel: 'warn' }, async (_request, reply) => reply.type('text/html').send(await readFile(page)))
  for (const [file, type] of Object.entries(files)) {
    app.get(`/${file}`, { logLevel: 'warn' }, async (_request, reply) => {
      return reply.type(type).send(await readFile(new URL(`signup/page/${file}`, import.meta.url)))
    })
  }
}
