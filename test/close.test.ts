import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import t, { type Test } from 'tap'
import backgroundTasks, { BackgroundTask, BackgroundTasks, taskContext, type BackgroundTasksOptions, type TaskContext } from '../lib/index.js'
import { createApp, createBareApp, listen } from './helpers/app.js'
import { Client } from './helpers/client.js'
import { countKept } from './helpers/garbage.js'
import { deferred } from './helpers/promise.js'

/** Stands in for a database's pool: a plugin whose onClose hook closes what tasks need. */
function pool (name: string, events: string[]) {
  return fastifyPlugin(async (app: FastifyInstance) => {
    app.addHook('onClose', async () => { events.push(`${name} closes`) })
  })
}

/** An app between two pools, with a route whose slow task is added when the test says so. */
async function createPooledApp (t: Test, options: BackgroundTasksOptions = {}) {
  const { app, log } = createBareApp(t)
  const events: string[] = []
  const handlerAtWork = deferred()
  const goOn = deferred()
  await app.register(pool('first pool', events))
  await app.register(backgroundTasks, options)
  await app.register(pool('second pool', events))
  app.get('/', async (request) => {
    handlerAtWork.resolve()
    await goOn.promise
    request.backgroundTasks.addTask(async () => {
      await sleep(30)
      events.push('task ends')
    })
    return 'ok'
  })
  return { app, log, events, handlerAtWork, goOn }
}

/** A client of `/` that leaves while its handler is at work. */
async function leave (app: FastifyInstance, handlerAtWork: Promise<void>): Promise<void> {
  const client = await Client.connect(await listen(app))
  client.send('GET', '/')
  await handlerAtWork
  client.hangUp()
  await once(client.socket, 'close')
}

function permutations<T> (items: T[]): T[][] {
  if (items.length < 2) return [items]
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]))
}

const inOrder = ['task ends', 'second pool closes', 'first pool closes']

t.test('closing waits for the tasks of a request in flight, before any other onClose hook', async (t) => {
  for (const connection of ['close', 'keep-alive']) {
    const { app, events, handlerAtWork, goOn } = await createPooledApp(t)
    const client = await Client.connect(await listen(app))
    client.send('GET', '/', { connection })
    await handlerAtWork.promise

    const closed = app.close()
    await sleep(10)
    goOn.resolve()
    await client.until('200 OK')
    // Fastify waits for a connection that is kept alive until its client closes it.
    client.hangUp()
    await closed
    t.same(events, inOrder, connection)
  }
})

t.test('closing waits for tasks that are running', async (t) => {
  const { app, events, goOn } = await createPooledApp(t)
  const port = await listen(app)
  goOn.resolve()
  await (await fetch(`http://127.0.0.1:${port}/`)).text()
  t.equal(app.backgroundTasks.running, 1)

  await app.close()
  t.same(events, inOrder)
})

t.test('closing waits for a handler whose client has left', async (t) => {
  const { app, events, handlerAtWork, goOn } = await createPooledApp(t)
  await leave(app, handlerAtWork.promise)
  await sleep(10)

  const closed = app.close()
  await sleep(30)
  t.same(events, [], 'it has added no task yet')
  goOn.resolve()
  await closed
  t.same(events, inOrder)
})

t.test('closing waits for a handler that was injected', async (t) => {
  const { app, events, handlerAtWork, goOn } = await createPooledApp(t)
  const response = app.inject('/')
  await handlerAtWork.promise

  const closed = app.close()
  await sleep(10)
  goOn.resolve()
  t.equal((await response).statusCode, 200)
  await closed
  t.same(events, inOrder)
})

t.test('closing waits for what tasks add, and for tasks of the app', async (t) => {
  const { app } = await createApp(t)
  const events: string[] = []
  app.addHook('onClose', async () => { events.push('close') })
  app.backgroundTasks.addTask(async () => {
    await sleep(5)
    app.backgroundTasks.addTask(async () => {
      await sleep(5)
      events.push('added by a task')
    })
  })
  await app.ready()
  await app.close()
  t.same(events, ['added by a task', 'close'])
})

t.test('an app that was never used closes at once', async (t) => {
  const { app } = await createApp(t)
  await app.close()
  t.pass()
})

t.test('closing gives up tasks that do not end within closeTimeout, and names each', async (t) => {
  const { app, log, events, goOn } = await createPooledApp(t, { closeTimeout: 50 })
  const ran: string[] = []
  const gate = deferred()
  goOn.resolve()
  app.get('/endless', async (request) => {
    request.backgroundTasks.addTask(function endless () { return gate.promise })
    request.backgroundTasks.addTask(function never () { ran.push('never') })
    return request.id
  })
  const port = await listen(app)
  const id = await (await fetch(`http://127.0.0.1:${port}/endless`)).text()
  app.backgroundTasks.addTask(async function endlessToo () { await new Promise(() => {}) })
  await (await fetch(`http://127.0.0.1:${port}/`)).text()

  await app.close()
  t.same(events, inOrder, 'the close goes on')
  t.match(log.unfinished, [
    { level: 50, reqId: id, task: 'endless', execution: 'inline', state: 'running' },
    { level: 50, reqId: id, task: 'never', execution: 'inline', state: 'waiting' },
    { level: 50, task: 'endlessToo', execution: 'await', state: 'running' }
  ])
  t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 1, failed: 3 })

  gate.resolve()
  await sleep(10)
  t.same(ran, [], 'what was given up does not start later')
})

t.test('closing gives up what waits in a collection within a collection, too', async (t) => {
  const { app, log } = await createApp(t, { closeTimeout: 50 })
  const ran: string[] = []
  const gate = deferred()
  const inner = new BackgroundTasks([
    new BackgroundTask(async () => { await gate.promise }),
    new BackgroundTask(() => { ran.push('inner') })
  ])
  app.backgroundTasks.addTask(new BackgroundTasks([inner, new BackgroundTask(() => { ran.push('outer') })]))

  await app.close()
  t.match(log.unfinished, [{ task: 'BackgroundTasks', state: 'running' }])
  gate.resolve()
  await sleep(10)
  t.same(ran, [])
  await inner()
  t.same(ran, ['inner'], 'another pass is another matter')
})

t.test('closing does not wait longer than closeTimeout for a handler whose client has left', async (t) => {
  const { app, log, events, handlerAtWork } = await createPooledApp(t, { closeTimeout: 50 })
  await leave(app, handlerAtWork.promise)

  await app.close()
  t.same(events, ['second pool closes', 'first pool closes'])
  t.match(log.with('shutting down: some handlers are still running, though their clients have disconnected; their tasks run now'), [{ level: 40, requests: 1 }])
})

t.test('closing runs the tasks of a handler that never tells that it has settled', async (t) => {
  const { app, log } = await createApp(t, { closeTimeout: 200 })
  const events: string[] = []
  app.addHook('onClose', async () => { events.push('close') })
  const added = deferred()
  app.get('/', (request) => {
    request.backgroundTasks.addTask(() => { events.push('task') })
    added.resolve()
  })
  await leave(app, added.promise)

  await app.close()
  t.same(events, ['task', 'close'])
  t.same(log.errors, [])
  t.match(log.with('shutting down: some handlers are still running, though their clients have disconnected; their tasks run now'), [{ level: 40, requests: 1 }])
})

t.test('closing waits for tasks where another plugin\'s preClose hook fails', async (t) => {
  const { app } = createBareApp(t)
  const events: string[] = []
  await app.register(pool('pool', events))
  app.addHook('preClose', async () => { throw new Error('no') })
  await app.register(backgroundTasks)
  app.backgroundTasks.addTask(async () => {
    await sleep(20)
    events.push('task ends')
  })
  await app.ready()
  await app.close().catch(() => {})
  t.same(events, ['task ends', 'pool closes'])
})

t.test('in whatever order plugins are registered, tasks end before their onClose hooks, also if a preClose hook fails', async (t) => {
  const plugins = {
    ours: backgroundTasks,
    first: pool('first', []),
    second: pool('second', []),
    failing: fastifyPlugin(async (app: FastifyInstance) => { app.addHook('preClose', async () => { throw new Error('no') }) })
  }
  const orders = permutations(Object.keys(plugins) as Array<keyof typeof plugins>)
  t.equal(orders.length, 24)
  for (const listens of [true, false]) {
    for (const order of orders) {
      const { app } = createBareApp(t, { logger: false })
      const events: string[] = []
      for (const name of order) await app.register(name === 'first' || name === 'second' ? pool(name, events) : plugins[name])
      app.get('/', async (request) => {
        request.backgroundTasks.addTask(async () => {
          await sleep(10)
          events.push('task ends')
        })
        return 'ok'
      })
      if (listens) await (await fetch(`http://127.0.0.1:${await listen(app)}`, { headers: { connection: 'close' } })).text()
      else await app.inject('/')
      await app.close().catch(() => {})
      t.equal(events[0], 'task ends', `${order.join()}: ${events.join()}`)
    }
  }
})

t.test('a task that is added when the app has closed is refused', async (t) => {
  const { app } = createBareApp(t)
  const refused: unknown[] = []
  let late: FastifyRequest
  const add = () => { app.backgroundTasks.addTask(function tooLate () {}) }
  app.addHook('onClose', async () => {
    for (const attempt of [add, () => { late.backgroundTasks.addTask(async () => {}) }]) {
      try { attempt() } catch (error) { refused.push(error) }
    }
  })
  await app.register(backgroundTasks, { closeTimeout: 50 })
  app.get('/', async (request) => {
    late = request
    request.backgroundTasks.addTask(async () => { await new Promise(() => {}) })
    return 'ok'
  })
  await app.inject('/')
  await app.close()
  t.match(refused, [{ code: 'FST_BGT_CLOSED', statusCode: 503, message: /"tooLate".*the app has closed/ }, { code: 'FST_BGT_CLOSED' }])
  t.throws(add, { code: 'FST_BGT_CLOSED' })
})

t.test('what closeTimeout drops reaches onTaskError, and shutdown says what it waits for', async (t) => {
  const told: unknown[] = []
  const { app, log } = await createApp(t, { closeTimeout: 50, onTaskError: (error, task, request) => { told.push([(error as { code: string }).code, task.name, request?.url]) } })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(async function endless () { await new Promise(() => {}) })
    request.backgroundTasks.addTask(function never () {})
    return 'ok'
  })
  await app.inject('/')
  await app.close()
  t.same(told, [['FST_BGT_UNFINISHED', 'endless', '/'], ['FST_BGT_UNFINISHED', 'never', '/']])
  t.match(log.with('shutting down: waiting for 2 background tasks'), [{ level: 30 }])
  t.match(log.unfinished, [{ task: 'endless', state: 'running', taskId: String }, { task: 'never', state: 'waiting', taskId: String }])
  t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 0, failed: 2 })
})

t.test('what has ended is not kept in memory', async (t) => {
  const { app } = await createApp(t)
  const refs: Array<WeakRef<object>> = []
  app.get('/:how', async (request) => {
    refs.push(new WeakRef(request.backgroundTasks))
    request.backgroundTasks.addTask(async () => { if (request.url === '/fails') throw new Error('no') })
    return 'ok'
  })
  const port = await listen(app)
  for (const url of ['/completes', '/fails']) {
    await (await fetch(`http://127.0.0.1:${port}${url}`, { headers: { connection: 'close' } })).text()
    await app.backgroundTasks.idle()
  }
  t.equal(refs.length, 2)
  t.equal(await countKept(refs), 0)
})

t.test('who keeps the context of a task keeps none of the tasks after it', async (t) => {
  const { app } = await createApp(t)
  const kept: Array<TaskContext | undefined> = []
  const later: Array<WeakRef<object>> = []
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(async () => { kept.push(taskContext()) })
    const arg = {}
    later.push(new WeakRef(arg))
    request.backgroundTasks.addTask(async (_arg: object) => {}, arg)
    return 'ok'
  })
  const port = await listen(app)
  await (await fetch(`http://127.0.0.1:${port}`, { headers: { connection: 'close' } })).text()
  await app.backgroundTasks.idle()
  t.equal(kept.length, 1)
  t.equal(later.length, 1)
  t.equal(await countKept(later), 0)
})

t.test('requests that ended in every way leave nothing to wait for', async (t) => {
  const { app, log } = await createApp(t, { closeTimeout: 5_000 })
  app.get('/ok', async () => 'ok')
  app.get('/slow', async () => { await sleep(20) })
  app.get('/hijacked', (request, reply) => { reply.hijack().raw.write('data: 1\n\n') })
  app.get('/stream', async (request, reply) => {
    reply.raw.write('by hand')
    return reply.hijack()
  })
  const port = await listen(app)
  await (await fetch(`http://127.0.0.1:${port}/ok`)).text()
  await (await fetch(`http://127.0.0.1:${port}/not-found`)).text()
  for (const url of ['/slow', '/hijacked', '/stream']) {
    const client = await Client.connect(port)
    client.send('GET', url)
    await sleep(10)
    client.hangUp()
  }
  await sleep(30)

  const started = Date.now()
  await app.close()
  t.ok(Date.now() - started < 2_000)
  t.same(log.lines.filter(({ level }) => level === 40), [])
})

t.test('a synchronous task that waits for its turn of the event loop when closeTimeout has passed does not begin', async (t) => {
  const { app, log } = await createApp(t, { closeTimeout: 30 })
  await app.ready()
  let ran = 0
  const again = (): void => {
    ran++
    app.backgroundTasks.addTask(again)
  }
  app.backgroundTasks.addTask(again)
  await app.close()
  await sleep(5)
  t.match(log.unfinished, [{ state: 'waiting' }])
  t.match(app.backgroundTasks, { pending: 0, running: 0, completed: ran, failed: 1 })
})

t.test('closing waits no longer than closeTimeout for a handler that was injected and never replies', async (t) => {
  const { app } = await createApp(t, { closeTimeout: 700 })
  app.get('/', () => {})
  app.inject('/').catch(() => {})
  await sleep(10)
  const start = performance.now()
  await app.close()
  t.ok(performance.now() - start < 1_350, 'once')
})
