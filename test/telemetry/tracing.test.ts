import { AsyncLocalStorage } from 'node:async_hooks'
import { channel as channelOf, subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import t, { type Test } from 'tap'
import { createGate } from '../helpers/notes.js'

// As instrumentation does that is loaded before the application.
const name = 'fastify-background-tasks.task'
let isEarlyThrowing = false
const early = () => { if (isEarlyThrowing) throw new Error('early subscriber') }
subscribe(`tracing:${name}:start`, early)
const earlyStore = new AsyncLocalStorage<unknown>()
let isEarlyStoreThrowing = false
tracingChannel<unknown, object>(name).start.bindStore(earlyStore, (message) => {
  if (isEarlyStoreThrowing) throw new Error('early store')
  return message
})

const { BackgroundTask, BackgroundTasks, defineTask, loadTasks } = await import('../../lib/index.js')
const { createApp, listen } = await import('../helpers/app.js')
const { createThreadApp, tasks } = await import('../helpers/threads.js')
const work = await import('../fixtures/tasks/work.js')
type TaskTrace = import('../../lib/index.js').TaskTrace

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
  t.same(results, ['sent', undefined, 3, 7, undefined, undefined], 'what a thread returns, too')
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

t.test('a subscriber that rejects, or that throws where it should give a store its value, is logged, and harms neither task nor process', async (t) => {
  const { app, log } = await createThreadApp(t)
  const uncaught: unknown[] = []
  const note = (error: unknown) => { uncaught.push(error) }
  for (const event of ['uncaughtException', 'unhandledRejection']) process.on(event, note)
  t.teardown(() => { for (const event of ['uncaughtException', 'unhandledRejection']) process.off(event, note) })
  const rejects = async () => { throw new Error('rejected') }
  const channel = tracingChannel<unknown, TaskTrace>(name)
  const subscribers = { start: rejects, end: rejects, asyncStart: rejects, asyncEnd: rejects, error: rejects }
  const [broken, sound, plain] = [new AsyncLocalStorage<unknown>(), new AsyncLocalStorage<unknown>(), new AsyncLocalStorage<unknown>()]
  const seen: unknown[] = []
  const send = async () => {
    seen.push(broken.getStore(), sound.getStore(), (plain.getStore() as TaskTrace).name, (earlyStore.getStore() as TaskTrace | undefined)?.name)
  }
  channel.subscribe(subscribers)
  channel.start.bindStore(broken, () => { throw new Error('no value') })
  channel.start.bindStore(sound, ({ name }) => `span of ${name}`)
  channel.start.bindStore(plain)
  isEarlyStoreThrowing = true

  broken.run('as before', () => app.backgroundTasks.addTask(send))
  app.backgroundTasks.addTask(work.add, 1, 2)
  await app.backgroundTasks.idle()
  isEarlyStoreThrowing = false
  app.backgroundTasks.addTask(send)
  await app.backgroundTasks.idle()
  await new Promise((resolve) => setImmediate(resolve))

  t.same(seen, ['as before', 'span of send', 'send', undefined, undefined, 'span of send', 'send', 'send'])
  t.match(app.backgroundTasks, { completed: 3, failed: 0 })
  const messages = log.errors.map(({ err }) => err.message as string)
  const count = (message: string) => messages.filter((each) => each === message).length
  t.same(['rejected', 'no value', 'early store'].map(count), [12, 3, 2])
  t.same(uncaught, [])

  channel.unsubscribe(subscribers)
  for (const store of [broken, sound, plain]) channel.start.unbindStore(store)
})

t.test('a subscriber that throws is logged, and harms neither task nor process', async (t) => {
  const { app, log } = await createThreadApp(t)
  const uncaught: unknown[] = []
  const note = (error: unknown) => { uncaught.push(error) }
  process.on('uncaughtException', note)
  t.teardown(() => { process.off('uncaughtException', note) })
  const throws = () => { throw new Error('late subscriber') }
  const channel = tracingChannel(name)
  const subscribers = { start: throws, end: throws, asyncStart: throws, asyncEnd: throws, error: throws }
  channel.subscribe(subscribers)
  isEarlyThrowing = true

  app.backgroundTasks.addTask(async function send () {})
  app.backgroundTasks.addTask(work.add, 1, 2)
  await app.backgroundTasks.idle()
  t.match(app.backgroundTasks, { completed: 2, failed: 0 })
  const lines = log.errors.filter(({ msg }) => /^a subscriber of tracing:fastify-background-tasks\.task:\w+ threw$/.test(msg))
  t.equal(lines.filter(({ err }) => err.message === 'late subscriber').length, 8)
  t.match(lines.filter(({ err }) => err.message === 'early subscriber'), [{ task: 'send' }, { task: 'work.add' }])

  const warnings: Error[] = []
  const warn = (warning: Error) => { warnings.push(warning) }
  process.on('warning', warn)
  t.teardown(() => { process.off('warning', warn) })
  await new BackgroundTask(async function alone () {})()
  channelOf(`tracing:${name}:end`).publish('nonsense of somebody else')
  app.log.error = () => { throw new Error('logger') }
  app.backgroundTasks.addTask(async function unlogged () {})
  await app.backgroundTasks.idle()
  await new Promise((resolve) => setImmediate(resolve))
  t.match(warnings[0]?.message, /a subscriber of tracing:fastify-background-tasks\.task:start threw: Error: early subscriber/)
  t.same(uncaught, [])

  isEarlyThrowing = false
  channel.unsubscribe(subscribers)
  channel.start.unbindStore(earlyStore)
  t.equal(unsubscribe(`tracing:${name}:start`, early), true)
  t.equal(unsubscribe(`tracing:${name}:start`, early), false)
  t.equal(tracingChannel(name).hasSubscribers, false)

  const store = new AsyncLocalStorage<unknown>()
  const { start } = tracingChannel<unknown, TaskTrace>(name)
  start.bindStore(store, ({ name }) => `span of ${name}`)
  t.equal(await new BackgroundTask(async function first () { return store.getStore() })(), 'span of first', 'a store may be the first to come')
  start.unbindStore(store)
  t.throws(() => { subscribe(`tracing:${name}:start`, 'no function' as never) }, { code: 'ERR_INVALID_ARG_TYPE' })
})

t.test('neighbours that travel to a thread together are traced one after the other', async (t) => {
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
