import { readdir, readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import Fastify from 'fastify'
import backgroundTasks from 'fastify-background-tasks'
import { watch } from './live-events.js'
import { routes } from './routes.js'

/** What is served of the folders of the page and of the documentation. */
const types = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript', '.md': 'text/plain; charset=utf-8' }

/** An app whose routes respond immediately, and do the rest in the background; and the page that shows it. */
export async function createApp (mailbox, auditFile, options) {
  const app = Fastify(options)
  const tasks = new URL('./tasks/', import.meta.url)
  await app.register(backgroundTasks, { tasks, queue: { connection: 'memory:', backoff: 300 } })

  // A form that is sent without JavaScript.
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, Object.fromEntries(new URLSearchParams(body)))
  })

  /** The source of each handler, by its URL. */
  const sources = {}
  await app.register(async (shown) => {
    shown.addHook('onRoute', ({ url, handler }) => { sources[url] = String(handler) })
    const openStream = watch(shown)
    app.get('/live', { logLevel: 'warn' }, async (_request, reply) => reply.type('text/event-stream').send(openStream()))
    await routes(shown, { mailbox, auditFile })
  })

  for (const [path, folder] of [['/', './page/'], ['/docs/', '../../../docs/']]) {
    for (const file of await readdir(new URL(folder, import.meta.url))) {
      const type = types[extname(file)]
      if (type === undefined) continue
      app.get(path + file.replace('index.html', ''), { logLevel: 'warn' }, async (_request, reply) => {
        return reply.type(type).send(await readFile(new URL(folder + file, import.meta.url)))
      })
    }
  }
  app.get('/sources', async () => sources)
  app.get('/mailbox', { logLevel: 'warn' }, async () => mailbox.messages)
  app.get('/ping', { logLevel: 'warn' }, async () => 'pong')

  return app
}
