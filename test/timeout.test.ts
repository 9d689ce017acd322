import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { BackgroundTasks, taskContext } from '../lib/index.js'
import { createApp } from './helpers/app.js'
import { deferred } from './helpers/promise.js'

t.test('an async function that takes longer than timeout fails, and the next task runs', async (t) => {
  const { app, log } = await createApp(t, { timeout: 30 })
  const ran: string[] = []
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(async function hangs () { await new Promise(() => {}) })
    request.backgroundTasks.addTask(async function failsLate () {
      await sleep(60)
      throw new Error('too late to matter')
    })
    request.backgroundTasks.addTask(async function quick () { ran.push('quick') })
    return 'ok'
  })

  await app.inject('/')
  await app.backgroundTasks.idle()
  await sleep(60)
  t.same(ran, ['quick'])
  t.match(log.failed, [
    { task: 'hangs', err: { code: 'FST_BGT_TIMEOUT', message: /"hangs" ran past its timeout of 30 ms/ } },
    { task: 'failsLate', err: { code: 'FST_BGT_TIMEOUT' } }
  ])
  t.match(app.backgroundTasks, { completed: 1, failed: 2 })
})

t.test('a plain function fails by timeout where it returns a promise, and not for what it did before', async (t) => {
  const { app, log } = await createApp(t, { timeout: 30, blockedWarning: 0 })
  app.backgroundTasks.addTask(function hangs () { return new Promise(() => {}) })
  app.backgroundTasks.addTask(function busy () {
    const end = performance.now() + 60
    while (performance.now() < end);
  })
  app.backgroundTasks.addTask(function quick () { return Promise.resolve() })

  await app.backgroundTasks.idle()
  t.match(log.failed, [{ task: 'hangs', err: { code: 'FST_BGT_TIMEOUT' } }])
  t.match(app.backgroundTasks, { completed: 2, failed: 1 })
})

t.test('within its timeout a task fails with its own error', async (t) => {
  const { app, log } = await createApp(t, { timeout: 10_000 })
  app.backgroundTasks.addTask(async () => { throw new RangeError('own') })

  await app.backgroundTasks.idle()
  t.match(log.failed, [{ err: { type: 'RangeError', message: 'own' } }])
})

t.test('a collection that a task runs by hand when its timeout has passed rejects, and is not dropped in silence', async (t) => {
  const { app } = await createApp(t, { timeout: 10 })
  const outcome = deferred<unknown>()
  const ran: string[] = []
  app.backgroundTasks.addTask(async () => {
    const { signal } = taskContext()!
    await once(signal, 'abort')
    const cleanup = new BackgroundTasks()
    cleanup.addTask(async () => { ran.push('cleanup') })
    cleanup.run().then(() => { outcome.resolve('completed') }, outcome.resolve)
  })
  t.match(await outcome.promise, { code: 'FST_BGT_TIMEOUT' })
  t.same(ran, [])
  await app.backgroundTasks.idle()
})
