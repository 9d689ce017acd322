import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { startExample } from '../helpers/example.js'

/** The demo, as `npm start` starts it. */
async function start (t: Test) {
  const auditFile = join(t.testdir(), 'audit.log')
  const { server: demo, ...rest } = await startExample(t, 'signup', { AUDIT_FILE: auditFile })
  return { demo, auditFile, ...rest }
}

const post = (url: string, body: object) => fetch(url, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body)
})

t.test('the demo answers a sign-up at once, and does the rest in the background', async (t) => {
  const { origin, auditFile } = await start(t)

  t.match(await (await fetch(`${origin}/`)).text(), '<form action="/signup"')
  const response = await post(`${origin}/signup`, { email: 'ada@example.com', name: 'Ada' })
  t.equal(response.status, 201)
  t.same(await response.json(), { id: 1, email: 'ada@example.com', name: 'Ada' })

  let events: unknown[] = []
  while (events.length === 0) {
    await sleep(20)
    events = await (await fetch(`${origin}/events`)).json() as unknown[]
  }
  t.same(events, [{ event: 'signed up', user: 1 }], 'the last of the three tasks')
  t.match(await (await fetch(`${origin}/mailbox`)).json(), [{ to: ['ada@example.com'], content: /Subject: Welcome, Ada!/ }])
  t.match(JSON.parse(await readFile(auditFile, 'utf8')), { event: 'signed up', user: 1 })
})

t.test('the demo refuses bad input, and adds no task', async (t) => {
  const { demo, origin, auditFile } = await start(t)

  for (const body of [{}, { email: '' }, { email: 'nobody' }, { email: { at: 'example.com' } }, { name: 'Ada' }]) {
    t.equal((await post(`${origin}/signup`, body)).status, 400, JSON.stringify(body))
  }
  t.equal((await fetch(`${origin}/signup`, { method: 'POST' })).status, 400)
  demo.kill('SIGTERM')
  await once(demo, 'exit')
  await t.rejects(readFile(auditFile), { code: 'ENOENT' })
})

t.test('Ctrl-C finishes the tasks of the demo', async (t) => {
  const { demo, origin, auditFile, output } = await start(t)

  const form = new URLSearchParams({ email: 'ada@example.com' })
  t.equal((await fetch(`${origin}/signup`, { method: 'POST', body: form, headers: { connection: 'close' } })).status, 201)
  demo.kill('SIGINT')
  const [code] = await once(demo, 'exit')

  t.equal(code, 0)
  t.match(await readFile(auditFile, 'utf8'), '"signed up"')
  t.notMatch(output(), /background task "[^"]+" failed/)
})
