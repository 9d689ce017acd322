import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import t, { type Test } from 'tap'
import { BackgroundTask, BackgroundTasks, defineTask, loadTasks, type TaskTrace } from '../../lib/index.js'
import * as work from '../fixtures/tasks/work.js'
import { createApp, listen } from '../helpers/app.js'
import { createGate } from '../helpers/notes.js'
import { createThreadApp, tasks } from '../helpers/threads.js'

const name = 'fastify-background-tasks.task'

t.before(() => loadTasks(tasks))

/** What the channel publishes, until the test ends. */
function listenTo (t: Test): Array<[event: string, message: TaskTrace]> {
  const events: Array<[string, TaskTrace]> = []
  const on = (event: string) => (message: unknown) => { events.push([event, message as TaskTrace]) }
  const subscribers = { start: on('start'), end: on('end'), asyncStart: on('asyncStart'), asyncEnd: on('asyncEnd'), error: on('error') }
  const channel = tracingChannel(name)
  channel.subscribe(subscribers)
  t.teardown(() => { channel.unsubscribe(subscribers) })
  return events
}

const uuid = /^[0-9a-f-]{36}$/

t.test('each attempt at a task is traced, in every execution', async (t) => {
  const { app } = await createThreadApp(t)
  const events = listenTo(t)
  let failed = false
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(async function send () { return 'sent' })
    request.backgroundTasks.addTask(function inline () {})
    request.backgroundTasks.addTask(work.add, 1, 2)
    request.backgroundTasks.addTask(work.add, 3, 4)
    request.backgroundTasks.addTask(defineTask(async function flaky () {
      if (failed) return
      failed = true
      throw new Error('once')
    }, { retries: 1 }))
    return request.id
  })
  const { body: reqId } = await app.inject('/')
  await app.backgroundTasks.idle()

  const trace = (event: string) => events.filter(([name]) => name === event).map(([, { name, execution, attempt }]) => [name, execution, attempt])
  const all = [['send', 'await', 1], ['inline', 'inline', 1], ['work.add', 'thread', 1], ['work.add', 'thread', 1], ['flaky', 'await', 1], ['flaky', 'await', 2]]
  for (const event of ['start', 'end', 'asyncStart', 'asyncEnd']) t.same(trace(event), all, event)
  t.match(events.filter(([event]) => event === 'error'), [['error', { name: 'flaky', attempt: 1, error: { message: 'once' } }]])
  for (const [, { id, request }] of events) t.match([id, (request as { id: string }).id], [uuid, reqId])
  const results = events.filter(([event]) => event === 'asyncEnd').map(([, { result }]) => result)
  t.same(results, ['sent', undefined, undefined, undefined, undefined, undefined], 'what a thread returns is not copied, as nobody awaits it')
  const ids = events.filter(([, { name }]) => name === 'flaky').map(([, { id }]) => id)
  t.equal(new Set(ids).size, 1)
})

t.test('tasks of the app, of collections and without an app are traced, too', async (t) => {
  const { app } = await createApp(t)
  const events = listenTo(t)
  app.backgroundTasks.addTask(new BackgroundTasks([new BackgroundTask(async function inner () {})]))
  await app.backgroundTasks.idle()
  await new BackgroundTask(function alone () {})()

  const started = events.filter(([event]) => event === 'start')
  t.match(started, [['start', { name: 'BackgroundTasks', execution: 'await', request: undefined }], ['start', { name: 'inner' }], ['start', { name: 'alone', request: undefined }]])
})

t.test('subscribers are told in the context in which the task was added, and may give it one', async (t) => {
  const { app } = await createThreadApp(t)
  const spans = new AsyncLocalStorage<string>()
  const parents: unknown[] = []
  const seen: unknown[] = []
  const { start } = tracingChannel<unknown, TaskTrace>(name)
  start.bindStore(spans, (message) => {
    parents.push(spans.getStore())
    return `span of ${(message as TaskTrace).name}`
  })
  t.teardown(() => { start.unbindStore(spans) })
  app.get('/', async (request) => await spans.run('span of the request', async () => {
    request.backgroundTasks.addTask(async function send () { seen.push(spans.getStore()) })
    request.backgroundTasks.addTask(function inline () { seen.push(spans.getStore()) })
    request.backgroundTasks.addTask(work.add, 1, 2)
    return 'ok'
  }))
  await (await fetch(`http://127.0.0.1:${await listen(app)}`)).text()
  await app.backgroundTasks.idle()

  t.same(parents, ['span of the request', 'span of the request', 'span of the request'])
  t.same(seen, ['span of send', 'span of inline'])
})

t.test('neighbors that travel to a thread together are traced one after the other', async (t) => {
  const { app } = await createThreadApp(t)
  const events = listenTo(t)
  const { gate, reached, open } = createGate()
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.block, gate)
    request.backgroundTasks.addTask(work.add, 1, 2)
    return 'ok'
  })
  await app.inject('/')
  await reached()
  t.match(events.filter(([event]) => event === 'start').map(([, { name }]) => name), ['work.block'])
  open()
  await app.backgroundTasks.idle()
  t.match(events.filter(([event]) => /start|asyncEnd/.test(event)).map(([event, { name }]) => [event, name]), [
    ['start', 'work.block'], ['asyncEnd', 'work.block'], ['start', 'work.add'], ['asyncEnd', 'work.add']
  ])
})
