// The routes that the page shows, each with the tasks that it adds. The page prints these handlers as they stand here.
import { appendFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { BackgroundTask, BackgroundTasks } from 'fastify-background-tasks'
import { sendInvoice } from './tasks/invoices.js'
import { countPrimes } from './tasks/primes.js'

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

export async function routes (app, { mailbox, auditFile }) {
  app.post('/signup', { schema: signUpSchema }, async (request, reply) => {
    const { email, name } = request.body
    request.backgroundTasks.addTask(sendWelcome, email, { name })
    request.backgroundTasks.addTask(audit, 'signed up', email)
    return reply.code(201).send({ email, name })
  })

  app.post('/thread', async (request) => {
    request.backgroundTasks.addTask(countPrimes, 4_000_000)
    return { counts: 'a worker thread' }
  })

  app.post('/inline', async (request) => {
    request.backgroundTasks.addTask(() => countPrimes(4_000_000))
    return { counts: 'the main thread' }
  })

  app.post('/queue', async (request, reply) => {
    request.backgroundTasks.addTask(sendInvoice, { order: 42 })
    request.backgroundTasks.addTask(audit, 'ordered', 42)
    return reply.code(202).send({ order: 42 })
  })

  app.post('/parallel', async (request) => {
    request.backgroundTasks.addTask(new BackgroundTasks([
      new BackgroundTask(notify, 'sales'),
      new BackgroundTask(notify, 'support'),
      new BackgroundTask(notify, 'finance')
    ], { concurrency: 3 }))
    request.backgroundTasks.addTask(audit, 'notified', 'teams')
    return { notifies: 3 }
  })

  app.post('/throw', async (request) => {
    request.backgroundTasks.addTask(updateSearchIndex)
    request.backgroundTasks.addTask(audit, 'updated', 'index')
    return { message: 'The client never sees the error' }
  })

  app.post('/slow', async (request) => {
    request.backgroundTasks.addTask(audit, 'waited', '1.5 s')
    await sleep(1_500)
    return { message: 'You have waited for it' }
  })

  async function sendWelcome (email, { name }) {
    const text = `Hello ${name?.trim() || 'friend'},\nthis was sent after your browser got its response.`
    const message = { from: 'hello@example.com', to: email, subject: 'Welcome', text, textEncoding: 'base64' }
    const { response } = await mailbox.send(message)
    return response
  }

  async function audit (event, what) {
    await appendFile(auditFile, JSON.stringify({ time: new Date(), event, what }) + '\n')
  }

  async function notify (team) {
    await sleep({ sales: 300, support: 450, finance: 200 }[team])
  }

  function updateSearchIndex () {
    throw new Error('The search index is read-only')
  }
}
