import { appendFile, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import backgroundTasks from 'fastify-background-tasks'
import type { Collector } from './collector.js'
import { LiveEvents } from './live-events.js'
import type { Mailbox } from './mailbox.js'
import { countPrimes } from './tasks/primes.js'

interface SignUp {
  email: string
  name?: string
}

const signUpSchema = {
  body: {
    type: 'object',
    required: ['email'],
    additionalProperties: false,
    properties: {
      email: { type: 'string', format: 'email', maxLength: 254 },
      name: { type: 'string', maxLength: 100 }
    }
  }
}

/** The files of the page, which are served as they are. */
const pageFiles = {
  '/': ['index.html', 'text/html'],
  '/style.css': ['style.css', 'text/css'],
  '/page.js': ['page.js', 'text/javascript'],
  '/lanes.js': ['lanes.js', 'text/javascript'],
  '/latency.js': ['latency.js', 'text/javascript']
} as const

/** How far `countPrimes` counts: about a second. */
const primesBelow = 5_000_000

/** How long the slow route takes to respond, in milliseconds. */
const slowAnswer = 1_500

/** An app whose sign-up route responds immediately, and does the rest in the background. */
export async function createApp (
  mailbox: Mailbox,
  collector: Collector,
  auditFile: string,
  options: FastifyServerOptions = {}
): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify(options)
  await app.register(backgroundTasks, { tasks: new URL('./tasks/', import.meta.url) })

  const liveEvents = new LiveEvents()
  let users = 0

  async function sendWelcome (email: string, { name }: { name: string }) {
    return await mailbox.send({
      to: email,
      subject: `Welcome, ${name}!`,
      text: `Hello ${name},\n\nthis was sent after your browser got its response.\n`
    })
  }

  async function audit (event: string, details: object) {
    await appendFile(auditFile, JSON.stringify({ time: new Date(), event, ...details }) + '\n')
  }

  async function trackEvent (event: string, details: object) {
    return await collector.track(event, details)
  }

  function updateSearchIndex () {
    throw new Error('The search index is read-only')
  }

  // A form that is sent without JavaScript.
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, Object.fromEntries(new URLSearchParams(body.toString())))
  })

  app.register(async (watched) => {
    liveEvents.watch(watched)

    watched.post<{ Body: SignUp }>('/signup', { schema: signUpSchema }, async (request, reply) => {
      const { email } = request.body
      const user = { id: ++users, email, name: request.body.name?.trim() || 'friend' }

      request.backgroundTasks.addTask(sendWelcome, user.email, { name: user.name })
      request.backgroundTasks.addTask(audit, 'signed up', { user: user.id })
      request.backgroundTasks.addTask(trackEvent, 'signed up', { user: user.id })

      return reply.code(201).send(user)
    })

    watched.post('/try/throw', async (request) => {
      request.backgroundTasks.addTask(updateSearchIndex)
      request.backgroundTasks.addTask(trackEvent, 'tried a task that throws', {})
      return { message: 'The client never sees the error' }
    })

    watched.post('/try/slow', async (request) => {
      request.backgroundTasks.addTask(audit, 'tried a client that hangs up', {})
      request.backgroundTasks.addTask(trackEvent, 'tried a client that hangs up', {})
      await sleep(slowAnswer)
      return { message: 'You have waited for it' }
    })

    watched.post('/try/thread', async (request) => {
      // The function itself, as its task module exports it, runs in a worker thread.
      request.backgroundTasks.addTask(countPrimes, primesBelow)
      return { message: 'A thread counts' }
    })

    watched.post('/try/inline', async (request) => {
      // A closure stays on the main thread, and blocks it while it computes.
      request.backgroundTasks.addTask(function countPrimesInline () { return countPrimes(primesBelow) })
      return { message: 'The main thread counts' }
    })
  })

  for (const [url, [file, type]] of Object.entries(pageFiles)) {
    app.get(url, { logLevel: 'warn' }, async (_request, reply) => {
      return reply.type(type).send(await readFile(new URL(`./page/${file}`, import.meta.url)))
    })
  }

  app.get('/live', { logLevel: 'warn' }, async (_request, reply) => reply.type('text/event-stream').send(liveEvents.open()))
  app.get('/ping', { logLevel: 'warn' }, async () => 'pong')
  app.get('/events', async () => collector.events)
  app.get('/mailbox', { logLevel: 'warn' }, async () => mailbox.messages)

  return app
}
