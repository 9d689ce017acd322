import t, { type Test } from 'tap'
import { defineTask } from '../lib/index.js'
import { createApp, type Log } from './helpers/app.js'
import * as context from './fixtures/tasks/context.js'
import * as work from './fixtures/tasks/work.js'

const tasks = new URL('./fixtures/tasks/', import.meta.url)

function busy (ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

const warningsIn = (log: Log) => log.lines.filter(({ level }) => level === 40)

t.test('a plain function that holds the event loop is named, with what to do, once a minute', async (t) => {
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
    { task: 'busy', blockedWarning: 50, source: /^function busy/, msg: 'background task held the event loop: export the function from a task module (option "tasks") to run it in a worker thread' },
    { task: 'closure' }
  ], 'the closure is the same function, too')
  t.ok(warningsIn(log)[0]?.durationMs >= 60)

  passMinute(t)
  await app.inject('/')
  await app.backgroundTasks.idle()
  t.equal(warningsIn(log).length, 4)
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
  t.match(warningsIn(log), [{ task: 'work.busy', msg: /the option "threads" is false/ }])
})

t.test('a copy of a task module\'s function runs inline, and one warning says why', async (t) => {
  const { app, log } = await createApp(t, { tasks })
  // As a bundler, or a test runner with a module graph of its own, would make it.
  const copy = { add (a: number, b: number) { return a + b } }.add
  app.backgroundTasks.addTask(copy, 1, 2)
  app.backgroundTasks.addTask(copy, 1, 2)
  app.backgroundTasks.addTask(() => {})
  await app.backgroundTasks.idle()

  t.match(warningsIn(log), [{
    task: 'add',
    module: new URL('work.js', tasks).href,
    msg: /^background task runs inline: it looks like "work\.add", but is not the function that this task module exports/
  }])
  t.equal(warningsIn(log).length, 1)
  t.equal(app.backgroundTasks.completed, 3)
})

t.test('a closure looks like no function of a task module, though there are some without a name', async (t) => {
  const { app, log } = await createApp(t, { tasks })
  t.equal(context.onMainThread.name, '')
  app.backgroundTasks.addTask(() => {})
  await app.backgroundTasks.idle()
  t.same(warningsIn(log), [])
})

t.test('a function of a task module that is kept from threads is told why it blocks', async (t) => {
  const { app, log } = await createApp(t, { tasks, blockedWarning: 5 })
  app.backgroundTasks.addTask(defineTask(busy, { thread: false }), 20)
  await app.backgroundTasks.idle()
  t.match(warningsIn(log), [{ task: 'busy', msg: /its option "thread" is false/ }])
  defineTask(busy, {})
})

t.test('a copy that holds the event loop is to be imported, not exported', async (t) => {
  const { app, log } = await createApp(t, { tasks, blockedWarning: 5 })
  app.backgroundTasks.addTask({ busy (duration: number) { work.busy(duration) } }.busy, 10)
  await app.backgroundTasks.idle()
  t.match(warningsIn(log), [{ task: 'busy', msg: /import the very function that the task module exports/ }, { msg: /looks like/ }])
})

t.test('a logger that throws harms no task', async (t) => {
  const { app } = await createApp(t, { blockedWarning: 1 })
  app.log.warn = () => { throw new Error('logger') }
  app.backgroundTasks.addTask(busy, 5)
  await app.backgroundTasks.idle()
  t.equal(app.backgroundTasks.completed, 1)
})

/** Nothing but time tells a minute. */
function passMinute (t: Test): void {
  const { now } = performance
  performance.now = () => now.call(performance) + 60_000
  t.teardown(() => { performance.now = now })
}
