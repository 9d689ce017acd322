import { appendFile } from 'node:fs/promises'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import backgroundTasks from 'fastify-background-tasks'
import type { Collector } from './collector.js'
import type { Mailbox } from './mailbox.js'
import { page } from './page.js'

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

/** An app whose sign-up route answers at once, and does the rest in the background. */
export async function createApp (
  mailbox: Mailbox,
  collector: Collector,
  auditFile: string,
  options: FastifyServerOptions = {}
): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify(options)
  await app.register(backgroundTasks)

  let users = 0

  async function sendWelcome (email: string, { name }: { name: string }) {
    await mailbox.send({
      to: email,
      subject: `Welcome, ${name}!`,
      text: `Hello ${name},\n\nthis was sent after your browser had its answer.\n`
    })
  }

  async function audit (event: string, details: object) {
    await appendFile(auditFile, JSON.stringify({ time: new Date(), event, ...details }) + '\n')
  }

  async function trackEvent (event: string, details: object) {
    await collector.track(event, details)
  }

  // A form that is sent without JavaScript.
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, Object.fromEntries(new URLSearchParams(body.toString())))
  })

  app.get('/', async (_request, reply) => reply.type('text/html').send(page))

  app.post<{ Body: SignUp }>('/signup', { schema: signUpSchema }, async (request, reply) => {
    const { email } = request.body
    const user = { id: ++users, email, name: request.body.name?.trim() || 'friend' }

    request.backgroundTasks.addTask(sendWelcome, user.email, { name: user.name })
    request.backgroundTasks.addTask(audit, 'signed up', { user: user.id })
    request.backgroundTasks.addTask(trackEvent, 'signed up', { user: user.id })

    return reply.code(201).send(user)
  })

  app.get('/events', async () => collector.events)
  app.get('/mailbox', async () => mailbox.messages)

  return app
}
