import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { BackgroundTask, BackgroundTasks, taskContext } from '../lib/index.js'
import { createApp, listen } from './helpers/app.js'
import { Client } from './helpers/client.js'
import { countKept } from './helpers/garbage.js'
import { deferred } from './helpers/promise.js'

/** What nobody has handled while a test ran. */
function watchProcess (t: Test): unknown[] {
  const unhandled: unknown[] = []
  const note = (error: unknown) => { unhandled.push(error) }
  for (const event of ['unhandledRejection', 'uncaughtException']) {
    process.on(event, note)
    t.teardown(() => process.off(event, note))
  }
  return unhandled
}

const nextTurns = async () => { for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve)) }

t.test('a request\'s waitUntil() handles, logs and counts the rejection of work under way, and gives it to onTaskError', async (t) => {
  const unhandled = watchProcess(t)
  const told: unknown[] = []
  const { app, log } = await createApp(t, { onTaskError: (error, task, request) => { told.push([error, task.name, request?.id]) } })
  const work = deferred()
  app.get('/', async (request) => {
    request.backgroundTasks.waitUntil(work.promise)
    return request.id
  })
  const { body: id } = await app.inject('/')
  t.match(app.backgroundTasks, { pending: 0, running: 1, completed: 0, failed: 0 })
  const error = new Error('no network')
  work.reject(error)
  await app.backgroundTasks.idle()

  t.same(told, [[error, 'waitUntil', id]])
  t.match(log.with('background task "waitUntil" failed: no network'), [{ level: 50, reqId: id, task: 'waitUntil', err: { message: 'no network' } }])
  t.equal(log.errors.length, 1)
  t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 0, failed: 1 })
  await nextTurns()
  t.same(unhandled, [])
})

t.test('a promise that has rejected already is handled from the moment of the call', async (t) => {
  const unhandled = watchProcess(t)
  const { app } = await createApp(t)
  app.get('/', async (request) => {
    request.backgroundTasks.waitUntil(Promise.reject(new Error('at once')))
    request.backgroundTasks.waitUntil(runInNewContext('Promise.reject(new Error("of another realm"))'))
    await sleep(5)
    return 'ok'
  })
  app.backgroundTasks.waitUntil(Promise.reject(new Error('at once')))
  t.equal((await app.inject('/')).statusCode, 200)
  await app.backgroundTasks.idle()
  await nextTurns()
  t.equal(app.backgroundTasks.failed, 3)
  t.same(unhandled, [])
})

t.test('work that succeeds is counted as completed', async (t) => {
  const { app, log } = await createApp(t)
  app.backgroundTasks.waitUntil(sleep(5))
  t.match(app.backgroundTasks, { pending: 0, running: 1 })
  await app.backgroundTasks.idle()
  t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 1, failed: 0 })
  t.same(log.errors, [])
})

t.test('what waitUntil() watches is no member of the collection, and keeps nothing of it waiting', async (t) => {
  const { app } = await createApp(t, { maxPending: 1, maxRunning: 1, runOn: 'success', onError: 'stop', timeout: 5 })
  const work = deferred()
  const ran: string[] = []
  app.get('/', async (request) => {
    for (let i = 0; i < 3; i++) request.backgroundTasks.waitUntil(work.promise)
    request.backgroundTasks.waitUntil(Promise.reject(new Error('no')))
    t.same(request.backgroundTasks.tasks, [])
    request.backgroundTasks.addTask(async () => { ran.push('task') })
    await request.backgroundTasks.run()
    return 'ok'
  })
  t.equal((await app.inject('/')).statusCode, 200)
  t.same(ran, ['task'])
  await sleep(10)
  t.match(app.backgroundTasks, { running: 3, failed: 1 }, 'no timeout')
  work.resolve()
  await app.backgroundTasks.idle()
})

t.test('waitUntil() is for a response that has failed, too', async (t) => {
  const { app } = await createApp(t, { runOn: 'success' })
  const work = deferred()
  app.get('/', async (request) => {
    request.backgroundTasks.waitUntil(work.promise)
    throw new Error('no')
  })
  t.equal((await app.inject('/')).statusCode, 500)
  t.equal(app.backgroundTasks.running, 1)
  work.resolve()
  await app.backgroundTasks.idle()
  t.equal(app.backgroundTasks.completed, 1)
})

t.test('close() waits for what waitUntil() watches, and says so', async (t) => {
  const { app, log } = await createApp(t)
  const events: string[] = []
  app.addHook('onClose', async () => { events.push('other plugin closes') })
  app.get('/', async (request) => {
    request.backgroundTasks.waitUntil(sleep(40).then(() => { events.push('work ends') }))
    return 'ok'
  })
  const client = await Client.connect(await listen(app))
  client.send('GET', '/', { connection: 'close' })
  await client.until('200 OK')
  await app.close()
  t.same(events, ['work ends', 'other plugin closes'])
  t.equal(log.with('shutting down: waiting for 1 background task').length, 1)
})

t.test('what has not ended when closeTimeout has passed is reported as unfinished, and delays the close no longer', async (t) => {
  const unhandled = watchProcess(t)
  const told: unknown[] = []
  const { app, log } = await createApp(t, { closeTimeout: 700, onTaskError: (error, task) => { told.push([(error as { code?: string }).code, task.name]) } })
  await app.ready()
  const work = deferred()
  app.backgroundTasks.waitUntil(work.promise)
  const start = performance.now()
  await app.close()
  t.ok(performance.now() - start < 1_350, 'closeTimeout is waited for once')
  t.equal(log.with('shutting down: waiting for 1 background task').length, 1)
  t.match(log.unfinished, [{ task: 'waitUntil', state: 'running' }])
  t.same(told, [['FST_BGT_UNFINISHED', 'waitUntil']])
  t.match(app.backgroundTasks, { pending: 0, running: 0, failed: 1 })

  work.reject(new Error('late'))
  await nextTurns()
  t.match(log.with('background task "waitUntil" failed: late'), [{ err: { message: 'late' } }], 'its rejection is still handled and logged')
  t.match(app.backgroundTasks, { pending: 0, running: 0, failed: 1 }, 'and counted once')
  t.same(unhandled, [])
})

t.test('what is watched after the close is handled and logged', async (t) => {
  const unhandled = watchProcess(t)
  const { app, log } = await createApp(t)
  let late!: () => void
  app.get('/', async (request) => {
    late = () => { request.backgroundTasks.waitUntil(Promise.reject(new Error('of a request'))) }
    return 'ok'
  })
  await app.inject('/')
  await app.close()
  app.backgroundTasks.waitUntil(Promise.reject(new Error('of the app')))
  late()
  await nextTurns()
  t.equal(log.with('background task "waitUntil" failed: of the app').length, 1)
  t.equal(log.with('background task "waitUntil" failed: of a request').length, 1)
  t.same(unhandled, [])
})

t.test('what is no promise is refused, in words that say so', async (t) => {
  const { app } = await createApp(t)
  app.get('/', async (request) => {
    request.backgroundTasks.waitUntil(42 as never)
  })
  for (const wrong of [undefined, null, 42, 'text', {}, () => {}, { then: 1 }, new BackgroundTask(async () => {})]) {
    for (const tasks of [app.backgroundTasks, new BackgroundTasks()]) {
      t.throws(() => { tasks.waitUntil(wrong as never) }, { code: 'FST_BGT_INVALID_TASK', message: /waitUntil\(\) takes a promise/ })
    }
  }
  t.match((await app.inject('/')).json(), { code: 'FST_BGT_INVALID_TASK', message: /waitUntil\(\) takes a promise, but got 42/ })
  t.match(app.backgroundTasks, { pending: 0, running: 0 })
})

t.test('thenables of every kind are watched', async (t) => {
  const unhandled = watchProcess(t)
  const { app, log } = await createApp(t)
  const thenables = {
    'resolves at once, and returns nothing': { then (resolve: (value: unknown) => void) { resolve(1) } },
    'rejects at once, and returns nothing': { then (_: unknown, reject: (error: unknown) => void) { reject(new Error('no')) } },
    throws: { then () { throw new Error('in then') } },
    'settles twice': { then (resolve: (value: unknown) => void, reject: (error: unknown) => void) { resolve(1); resolve(2); reject(new Error('twice')) } }
  }
  for (const [how, thenable] of Object.entries(thenables)) {
    t.doesNotThrow(() => { app.backgroundTasks.waitUntil(thenable as never) }, how)
    t.doesNotThrow(() => { new BackgroundTasks().waitUntil(thenable as never) }, how)
  }
  await app.backgroundTasks.idle()
  await nextTurns()
  t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 2, failed: 2 })
  t.equal(log.errors.length, 2)
  t.same(unhandled, [])
})

t.test('a collection\'s waitUntil() inside a task belongs to the app of the task; outside it is a process warning', async (t) => {
  const unhandled = watchProcess(t)
  const { app, log } = await createApp(t)
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(async () => {
      new BackgroundTasks().waitUntil(Promise.reject(new Error('in a task')))
      await new BackgroundTask(async () => { new BackgroundTasks().waitUntil(Promise.reject(new Error('in a task of a task'))) })()
    })
    return request.id
  })
  const { body: id } = await app.inject('/')
  await app.backgroundTasks.idle()
  t.match(log.with('background task "waitUntil" failed: in a task'), [{ reqId: id }])
  t.match(log.with('background task "waitUntil" failed: in a task of a task'), [{ reqId: id }])
  t.match(app.backgroundTasks, { completed: 1, failed: 2 })

  const warnings: string[] = []
  const note = ({ message }: Error) => { warnings.push(message) }
  process.on('warning', note)
  t.teardown(() => process.off('warning', note))
  const trap = () => { throw new Error('trap') }
  for (const error of [new Error('outside'), 'text', Symbol('s'), Object.create(null), new Proxy({}, { get: trap, getPrototypeOf: trap }), Object.defineProperty(new Error('x'), 'stack', { get: trap })]) {
    new BackgroundTasks().waitUntil(Promise.reject(error))
  }
  await nextTurns()
  t.equal(warnings.length, 6)
  t.match(warnings, [/outside/, /text/])
  t.same(unhandled, [])
})

t.test('what is logged and called for watched work is in the async context of its waitUntil()', async (t) => {
  const storage = new AsyncLocalStorage<string>()
  const seen: unknown[] = []
  const { app } = await createApp(t, { onTaskError: () => { seen.push(storage.getStore(), taskContext()?.name) } }, { logger: { mixin: () => ({ store: storage.getStore() }) } })
  const work = deferred()
  storage.run('mine', () => { app.backgroundTasks.waitUntil(work.promise) })
  storage.run('other', () => { work.reject(new Error('no')) })
  await app.backgroundTasks.idle()
  t.same(seen, ['mine', 'waitUntil'])
})

t.test('whatever watched work rejects with is logged, and is no unhandled rejection', async (t) => {
  const unhandled = watchProcess(t)
  const { app, log } = await createApp(t, { onTaskError () { throw new Error('in onTaskError') } })
  const trap = () => { throw new Error('trap') }
  const thrown = [undefined, null, 'text', Object.create(null), new Proxy({}, { get: trap, getPrototypeOf: trap })]
  for (const error of thrown) app.backgroundTasks.waitUntil(Promise.reject(error))
  await app.backgroundTasks.idle()
  await nextTurns()
  t.equal(log.failed.length, thrown.length)
  t.match(app.backgroundTasks, { running: 0, failed: thrown.length })
  t.same(unhandled, [])
})

t.test('watched work that has ended is not kept in memory', async (t) => {
  const { app } = await createApp(t)
  const watch = (i: number) => {
    const result = { big: new Array(1_000).fill(i) }
    app.backgroundTasks.waitUntil(i % 2 === 0 ? Promise.resolve(result) : Promise.reject(result))
    return new WeakRef<object>(result)
  }
  const refs = Array.from({ length: 50 }, (_, i) => watch(i))
  await app.backgroundTasks.idle()
  t.equal(await countKept(refs), 0)
})
