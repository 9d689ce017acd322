// `npm run start:testing`
import assert from 'node:assert'
import { test } from 'node:test'
import { createApp } from './app.js'

test('a new user gets an e-mail', async (t) => {
  const send = t.mock.fn()
  const app = await createApp({ send })
  t.after(() => app.close())

  const response = await app.inject({ method: 'POST', url: '/users' })
  assert.equal(response.statusCode, 201)
  await app.backgroundTasks.idle()
  assert.deepEqual(send.mock.calls[0].arguments, ['ada@example.com', 'Welcome'])
})

test('a mailer that fails is a failed task, and no failed request', async (t) => {
  const app = await createApp({ send: async () => { throw new Error('no connection') } })
  t.after(() => app.close())

  const response = await app.inject({ method: 'POST', url: '/users' })
  await app.backgroundTasks.idle()
  assert.equal(response.statusCode, 201)
  assert.equal(app.backgroundTasks.failed, 1)
})
