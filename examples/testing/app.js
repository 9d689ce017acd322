import Fastify from 'fastify'
import backgroundTasks from 'fastify-background-tasks'

/** An app that sends e-mails with the mailer that it is given. A test passes one that keeps them. */
export async function createApp (mailer) {
  const app = Fastify()
  await app.register(backgroundTasks)

  app.post('/users', async (request, reply) => {
    request.backgroundTasks.addTask(sendWelcome, 'ada@example.com')
    return reply.code(201).send('created')
  })

  async function sendWelcome (email) {
    await mailer.send(email, 'Welcome')
  }

  return app
}
