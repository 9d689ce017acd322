import { AsyncLocalStorage } from 'node:async_hooks'
import t from 'tap'
import { defineTask } from '../lib/index.js'
import { createApp, type Log } from './helpers/app.js'
import * as work from './fixtures/tasks/work.js'

const tasks = new URL('./fixtures/tasks/', import.meta.url)

function busy (ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

const warningsIn = (log: Log) => log.lines.filter(({ level }) => level === 40)

t.test('a function that blocks the event loop is named, with what to do, and not again at once', async (t) => {
  const { app, log } = await createApp(t)
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(busy, 60)
    request.backgroundTasks.addTask(function closure () { busy(60) })
    request.backgroundTasks.addTask(busy, 1)
    return 'ok'
  })

  await app.inject('/')
  await app.inject('/')
  await app.backgroundTasks.idle()
  t.match(warningsIn(log), [
    { task: 'busy', blockedWarning: 50, source: /^function busy/, msg: /^background task "busy" blocked the event loop for \d+ ms: export the function from a task module \(option "tasks"\)/ },
    { task: 'closure' }
  ], 'the closure is the same function, too')
  t.ok(warningsIn(log)[0]?.durationMs >= 60)
})

t.test('one that throws is named, too', async (t) => {
  const { app, log } = await createApp(t, { blockedWarning: 5 })
  app.backgroundTasks.addTask(() => {
    busy(10)
    throw new Error('no')
  })
  await app.backgroundTasks.idle()
  t.equal(warningsIn(log).length, 1)
  t.equal(app.backgroundTasks.failed, 1)
})

t.test('blockedWarning says how long is too long, 0 that nothing is', async (t) => {
  for (const [blockedWarning, warnings] of [[10, 1], [1_000, 0], [0, 0]] as const) {
    const { app, log } = await createApp(t, { blockedWarning })
    app.backgroundTasks.addTask(busy, 20)
    await app.backgroundTasks.idle()
    t.equal(warningsIn(log).length, warnings)
  }
})

t.test('with threads: false the warning says that threads are off', async (t) => {
  const { app, log } = await createApp(t, { tasks, threads: false, blockedWarning: 5 })
  app.backgroundTasks.addTask(work.busy, 10)
  await app.backgroundTasks.idle()
  t.match(warningsIn(log), [{ task: 'work.busy', msg: /leave out the option "threads: false"/ }])
})

t.test('a function of a task module that is kept from threads is told why it blocks', async (t) => {
  const { app, log } = await createApp(t, { tasks, blockedWarning: 5 })
  app.backgroundTasks.addTask(defineTask(busy, { thread: false }), 20)
  await app.backgroundTasks.idle()
  t.match(warningsIn(log), [{ task: 'busy', msg: /its option "thread" is false/ }])
  defineTask(busy, {})
})

t.test('a logger that throws harms no task', async (t) => {
  const { app } = await createApp(t, { blockedWarning: 1 })
  app.log.warn = () => { throw new Error('logger') }
  app.backgroundTasks.addTask(busy, 5)
  await app.backgroundTasks.idle()
  t.equal(app.backgroundTasks.completed, 1)
})

t.test('the warning is logged in the async context in which the task was added', async (t) => {
  const storage = new AsyncLocalStorage<string>()
  const { app, log } = await createApp(t, {}, { logger: { mixin: () => ({ store: storage.getStore() }) } })
  storage.run('mine', () => { app.backgroundTasks.addTask(function first () { busy(60) }) })
  await app.backgroundTasks.idle()
  app.get('/', async (request) => {
    storage.run('of the request', () => { request.backgroundTasks.addTask(() => { busy(61) }) })
    return 'ok'
  })
  await app.inject('/')
  await app.backgroundTasks.idle()
  t.match(warningsIn(log), [{ store: 'mine' }, { store: 'of the request' }])
})
