// `npm run start:testing-tap`
import t from 'tap'
import { createApp } from './app.js'

t.test('a new user gets an e-mail', async (t) => {
  const mailer = { send: async () => {} }
  const sent = t.capture(mailer, 'send')
  const app = await createApp(mailer)
  t.teardown(() => app.close())

  const response = await app.inject({ method: 'POST', url: '/users' })
  t.equal(response.statusCode, 201)
  await app.backgroundTasks.idle()
  t.match(sent(), [{ args: ['ada@example.com', 'Welcome'] }])
  t.equal(app.backgroundTasks.failed, 0)
})
