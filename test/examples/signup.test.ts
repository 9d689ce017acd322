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

interface LiveEvent {
  type: string
  request: string
  at: number
  url?: string
  status?: number
  tasks?: Array<{ name: string, execution: string }>
  task?: string
  name?: string
  error?: string
}

/** Posts to a route, and gives the events that the page gets, until this many tasks have ended. */
async function watch (origin: string, route: string, tasks: number): Promise<LiveEvent[]> {
  const { body } = await fetch(`${origin}/live`)
  const response = await fetch(`${origin}${route}`, { method: 'POST' })
  await response.text()

  const events: LiveEvent[] = []
  let text = ''
  for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
    const lines = (text + chunk).split('\n\n')
    text = lines.pop()!
    for (const line of lines) if (line.startsWith('data: ')) events.push(JSON.parse(line.slice(6)))
    if (events.filter(({ type }) => type === 'completed' || type === 'failed').length === tasks) break
  }
  return events
}

const typesOf = (events: LiveEvent[]) => events.map(({ type }) => type)

t.test('the demo answers a sign-up at once, and does the rest in the background', async (t) => {
  const { origin, auditFile } = await start(t)

  t.match(await (await fetch(`${origin}/`)).text(), '<form action="/signup"')
  const response = await post(`${origin}/signup`, { email: 'ada@example.com', name: ' Zoë ' })
  t.equal(response.status, 201)
  t.same(await response.json(), { email: 'ada@example.com', name: ' Zoë ' })

  let entry = ''
  while (!entry.endsWith('\n')) {
    await sleep(20)
    entry = await readFile(auditFile, 'utf8').catch(() => '')
  }
  t.match(JSON.parse(entry), { event: 'signed up', what: 'ada@example.com' }, 'the last task')
  t.same(await (await fetch(`${origin}/mailbox`)).json(), [{
    from: 'hello@example.com',
    to: 'ada@example.com',
    subject: 'Welcome',
    text: 'Hello Zoë,\nthis was sent after your browser got its response.'
  }])
})

t.test('the page gets the code of each route from its own source', async (t) => {
  const { origin } = await start(t)
  const sources = await (await fetch(`${origin}/sources`)).json() as Record<string, string>
  const file = await readFile(new URL('../../examples/signup/routes.js', import.meta.url), 'utf8')

  t.same(Object.keys(sources), ['/signup', '/thread', '/inline', '/queue', '/parallel', '/throw', '/slow'])
  for (const source of Object.values(sources)) t.ok(file.includes(source), source)
})

t.test('the page gets each step of a request and of its tasks', async (t) => {
  const { origin } = await start(t)
  const events = await watch(origin, '/throw', 2)

  t.match(events[0], { type: 'received', url: '/throw' })
  t.same(events.find(({ type }) => type === 'settled')!.tasks, [
    { name: 'updateSearchIndex', execution: 'inline' },
    { name: 'audit', execution: 'await' }
  ])
  t.same(typesOf(events), ['received', 'settled', 'replied', 'started', 'failed', 'started', 'completed'])
  t.match(events.find(({ type }) => type === 'failed'), { error: 'Error: The search index is read-only' })
  t.equal(new Set(events.map(({ request }) => request)).size, 1)
})

t.test('the tasks of a parallel group run concurrently, and the next one waits for them', async (t) => {
  const { origin } = await start(t)
  const events = await watch(origin, '/parallel', 5)

  t.same(events.find(({ type }) => type === 'settled')!.tasks!.map(({ name }) => name), ['BackgroundTasks', 'notify', 'notify', 'notify', 'audit'])
  const firstEnd = events.findIndex(({ type }) => type === 'completed')
  t.same(events.slice(0, firstEnd).flatMap(({ name = [] }) => name), ['BackgroundTasks', 'notify', 'notify', 'notify'])
  t.match(events.slice(-2), [{ type: 'started', name: 'audit' }, { type: 'completed' }])
})

t.test('a worker runs the task on the queue, and retries it; the page knows whose it is', async (t) => {
  const { origin } = await start(t)
  const events = await watch(origin, '/queue', 2)
  const { request, tasks } = events.find(({ type }) => type === 'settled')!

  t.same(tasks, [{ name: 'invoices.sendInvoice', execution: 'queue' }, { name: 'audit', execution: 'await' }])
  const { task } = events.find(({ name }) => name === 'invoices.sendInvoice')!
  const attempts = events.filter((event) => event.task === task)
  t.same(typesOf(attempts), ['started', 'retried', 'started', 'completed'])
  t.ok(attempts.every((event) => event.request === request))
})

t.test('the demo serves the documentation, and nothing else of the repository', async (t) => {
  const { origin } = await start(t)
  const page = await (await fetch(`${origin}/`)).text()
  for (const [, url = ''] of page.matchAll(/href="(\/docs\/[^"]+)"/g)) {
    const response = await fetch(origin + url)
    t.equal(response.status, 200, url)
    t.match(await response.text(), /^# /, url)
  }
  for (const url of ['/docs/none.md', '/docs/..%2fREADME.md', '/docs/demo.png']) t.equal((await fetch(origin + url)).status, 404, url)
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

t.test('Ctrl-C finishes the tasks of the demo, those on its queue too', async (t) => {
  const { demo, origin, auditFile, output } = await start(t)

  const form = new URLSearchParams({ email: 'ada@example.com' })
  const headers = { connection: 'close' }
  t.equal((await fetch(`${origin}/signup`, { method: 'POST', body: form, headers })).status, 201)
  t.equal((await fetch(`${origin}/queue`, { method: 'POST', headers })).status, 202)
  demo.kill('SIGINT')
  const [code] = await once(demo, 'exit')

  t.equal(code, 0)
  t.match(await readFile(auditFile, 'utf8'), '"signed up"')
  t.match(output(), 'failed and will be retried: The mail provider is busy')
  t.notMatch(output(), /background task "[^"]+" failed:/)
})
