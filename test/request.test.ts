import { once } from 'node:events'
import { constants } from 'node:http2'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import t from 'tap'
import backgroundTasks, { BackgroundTask, BackgroundTasks } from '../lib/index.js'
import { identity } from './fixtures/tasks/work.js'
import { connectHttp2, createApp, createBareApp, listen } from './helpers/app.js'
import { Client } from './helpers/client.js'
import { deferred } from './helpers/promise.js'

t.test('tasks run after the response has been sent, in order', async (t) => {
  const { app } = await createApp(t)
  const events: string[] = []
  app.post('/users', async (request, reply) => {
    reply.raw.on('finish', () => events.push('finish'))
    request.backgroundTasks.addTask(async (name: string) => { await sleep(5); events.push(name) }, 'async')
    request.backgroundTasks.addTask((name: string) => { events.push(name) }, 'plain')
    request.backgroundTasks.addTask(async () => { events.push('last') })
    return reply.code(201).send({ id: 1 })
  })
  const port = await listen(app)

  const response = await fetch(`http://127.0.0.1:${port}/users`, { method: 'POST' })
  t.equal(response.status, 201)
  t.same(await response.json(), { id: 1 })
  await app.backgroundTasks.idle()

  t.same(events, ['finish', 'async', 'plain', 'last'])
  t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 3, failed: 0 })
})

t.test('a slow task does not hold up the reply', async (t) => {
  const { app } = await createApp(t)
  const gate = deferred()
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(() => gate.promise)
    request.backgroundTasks.addTask(() => {})
    return 'ok'
  })
  const port = await listen(app)

  t.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'ok')
  t.equal(app.backgroundTasks.running, 1)
  t.equal(app.backgroundTasks.pending, 1)
  gate.resolve()
  await app.backgroundTasks.idle()
  t.equal(app.backgroundTasks.completed, 2)
})

t.test('a request has one collection, and none before it asks', async (t) => {
  const { app } = await createApp(t)
  const seen: unknown[] = []
  app.get('/', async (request) => {
    seen.push(request.backgroundTasks, request.backgroundTasks)
    return 'ok'
  })
  await app.inject('/')
  await app.inject('/')

  t.ok(seen[0] instanceof BackgroundTasks)
  t.equal(seen[0], seen[1])
  t.not(seen[0], seen[2])
})

t.test('tasks run after every kind of response', async (t) => {
  const { app } = await createApp(t)
  const ran: string[] = []
  const ended = new Set<string>()
  app.addHook('onRequest', async (request, reply) => {
    reply.raw.on('finish', () => ended.add(request.id))
    request.backgroundTasks.addTask(async () => { ran.push(`${request.method} ${request.url} ${ended.has(request.id)}`) })
  })
  app.get('/plain', async () => 'ok')
  app.get('/callback', (request, reply) => { setTimeout(() => reply.send('ok'), 5) })
  app.get('/empty', async (request, reply) => reply.code(204).send())
  app.get('/undefined', async () => {})
  app.get('/stream', async () => Readable.from(['a', 'b', 'c']))
  app.get('/web-stream', async () => new Response('ok'))
  app.get('/throws', async () => { throw new Error('no') })
  app.get('/hijacked', (request, reply) => {
    reply.hijack()
    reply.raw.end('raw')
  })
  app.get('/by-hand', (request, reply) => { reply.raw.end('raw') })
  const port = await listen(app)

  const urls = ['/plain', '/callback', '/empty', '/undefined', '/stream', '/web-stream', '/throws', '/hijacked', '/by-hand', '/not-found']
  for (const url of urls) await (await fetch(`http://127.0.0.1:${port}${url}`)).text()
  await fetch(`http://127.0.0.1:${port}/plain`, { method: 'HEAD' })
  await app.backgroundTasks.idle()

  t.same(ran, [...urls.map((url) => `GET ${url} true`), 'HEAD /plain true'])
})

t.test('tasks of custom error and not-found handlers run', async (t) => {
  const { app } = await createApp(t)
  const ran: string[] = []
  app.setErrorHandler((error, request, reply) => {
    request.backgroundTasks.addTask(() => { ran.push((error as Error).message) })
    reply.code(500).send('custom')
  })
  app.setNotFoundHandler(async (request, reply) => {
    request.backgroundTasks.addTask(() => { ran.push('not found') })
    return reply.code(404).send('custom')
  })
  app.get('/throws', async () => { throw new Error('no') })

  t.match(await app.inject('/throws'), { statusCode: 500, body: 'custom' })
  t.match(await app.inject('/nowhere'), { statusCode: 404, body: 'custom' })
  await app.backgroundTasks.idle()
  t.same(ran, ['no', 'not found'])
})

t.test('tasks run over HTTP/2, also where the client has left', async (t) => {
  const app = Fastify({ http2: true })
  t.teardown(() => app.close())
  await app.register(backgroundTasks)
  const events: string[] = []
  const handlerAtWork = deferred()
  const clientHasLeft = deferred()
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(() => { events.push('served') })
    return 'ok'
  })
  app.get('/abandoned', async (request, reply) => {
    request.backgroundTasks.addTask(() => { events.push('abandoned: task') })
    reply.raw.on('close', () => setTimeout(clientHasLeft.resolve, 10))
    handlerAtWork.resolve()
    await clientHasLeft.promise
    events.push('abandoned: handler settles')
    return 'ok'
  })
  const session = await connectHttp2(t, app)

  const served = session.request({ ':path': '/' }).resume()
  await once(served, 'close')
  await app.backgroundTasks.idle()
  const abandoned = session.request({ ':path': '/abandoned' }).on('error', () => {})
  await handlerAtWork.promise
  abandoned.close(constants.NGHTTP2_CANCEL)
  await clientHasLeft.promise
  await app.backgroundTasks.idle()

  t.same(events, ['served', 'abandoned: handler settles', 'abandoned: task'])
})

t.test('the tasks run at the plugin\'s place among the onResponse hooks, and before "request completed"', async (t) => {
  const { app, log } = createBareApp(t)
  const events: string[] = []
  const hook = (name: string) => async () => {
    events.push(`${name} starts`)
    await sleep(5)
    events.push(`${name} ends`)
  }
  app.addHook('onResponse', hook('before'))
  await app.register(backgroundTasks)
  app.addHook('onResponse', hook('after'))
  app.register(async (child) => {
    child.addHook('onResponse', hook('child'))
    child.get('/', { onResponse: hook('route') }, async (request) => {
      request.backgroundTasks.addTask(async function task () {
        await sleep(20)
        events.push('task')
      })
      return 'ok'
    })
  })
  await app.inject('/')
  while (log.with('request completed').length === 0) await sleep(1)

  t.same(events, ['before', 'task', 'after', 'child', 'route'].flatMap((name) => name === 'task' ? name : [`${name} starts`, `${name} ends`]))
  const order = log.lines.map(({ msg }) => msg).filter((msg) => /completed/.test(msg))
  t.same(order, ['background task "task" completed', 'request completed'])
})

t.test('with awaitTasks false no hook waits for the tasks, and "request completed" comes at once', async (t) => {
  const { app, log } = await createApp(t, { awaitTasks: false })
  const gate = deferred()
  const events: string[] = []
  app.addHook('onResponse', async () => { events.push('after') })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(async function task () {
      await gate.promise
      events.push('task')
    })
    return 'ok'
  })
  await app.inject('/')
  while (log.with('request completed').length === 0) await sleep(1)
  t.same(events, ['after'])
  t.equal(app.backgroundTasks.running, 1)
  gate.resolve()
  await app.backgroundTasks.idle()
  t.same(events, ['after', 'task'])
})

t.test('a plugin that releases what tasks need in an onResponse hook is registered after this one', async (t) => {
  const { app } = await createApp(t)
  const files = new Set<string>()
  app.addHook('onRequest', async (request) => { files.add(request.id) })
  app.addHook('onResponse', async (request) => { files.delete(request.id) })
  const seen: boolean[] = []
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(async () => {
      await sleep(5)
      seen.push(files.has(request.id))
    })
    return 'ok'
  })
  await app.inject('/')
  await app.backgroundTasks.idle()
  t.same(seen, [true])
})

t.test('an onResponse hook that fails or hangs does not cost a task', async (t) => {
  const { app } = createBareApp(t)
  const ran: string[] = []
  app.addHook('onResponse', async (request) => {
    if (request.url === '/fails') throw new Error('no')
    await new Promise(() => {})
  })
  await app.register(backgroundTasks)
  app.get('/:what', async (request) => {
    request.backgroundTasks.addTask(() => { ran.push(request.url) })
    return 'ok'
  })
  const port = await listen(app)

  await Promise.all(['fails', 'hangs'].map(async (what) => (await fetch(`http://127.0.0.1:${port}/${what}`)).text()))
  await app.backgroundTasks.idle()
  t.same(ran.sort(), ['/fails', '/hangs'])
})

t.test('a request that an onRequest hook before the plugin answers has its tasks run', async (t) => {
  const { app } = createBareApp(t)
  const ran: string[] = []
  app.addHook('onRequest', async (request, reply) => {
    if (request.url === '/tasks') request.backgroundTasks.addTask(() => { ran.push('audit') })
    if (request.url !== '/') return reply.code(401).send('who are you?')
  })
  await app.register(backgroundTasks)
  app.get('/*', async () => 'ok')

  t.equal((await app.inject('/tasks')).statusCode, 401)
  t.equal((await app.inject('/none')).statusCode, 401)
  await app.backgroundTasks.idle()
  t.same(ran, ['audit'])
})

t.test('a task that is added once an earlier hook has answered, hijacked or failed runs, and close() waits for it', async (t) => {
  const { app } = createBareApp(t)
  const ran: string[] = []
  const add = (request: FastifyRequest) => { request.backgroundTasks.addTask(async () => { await sleep(5); ran.push(request.url) }) }
  app.addHook('onRequest', async (request, reply) => {
    if (request.url === '/answered') {
      await reply.code(401).send('who are you?')
      add(request)
    } else if (request.url === '/hijacked') {
      reply.hijack()
      add(request)
      reply.raw.end('raw')
    } else if (request.url === '/hijacked-first') {
      reply.hijack().raw.end('raw')
      await once(reply.raw, 'finish')
      add(request)
    } else {
      setTimeout(() => { add(request) }, 20)
      throw new Error('no')
    }
  })
  await app.register(backgroundTasks)
  app.get('/*', async () => 'never reached')
  const port = await listen(app)

  const urls = ['/answered', '/hijacked', '/hijacked-first', '/failed']
  for (const url of urls) await (await fetch(`http://127.0.0.1:${port}${url}`, { headers: { connection: 'close' } })).text()
  await sleep(40)
  await app.close()
  t.same(ran.sort(), urls.sort())
})

t.test('tasks of a route that calls callNotFound() run at once, in a context of the plugin\'s own, too', async (t) => {
  for (const isEncapsulated of [false, true]) {
    const { app } = createBareApp(t)
    const finished: number[] = []
    const ran: number[] = []
    const add = async (child: FastifyInstance) => {
      await child.register(backgroundTasks)
      child.get('/', (request, reply) => {
        request.backgroundTasks.addTask(async () => { ran.push(performance.now()) })
        reply.raw.once('finish', () => { finished.push(performance.now()) })
        reply.callNotFound()
      })
    }
    if (isEncapsulated) app.register(add)
    else await add(app)
    t.equal((await fetch(`http://127.0.0.1:${await listen(app)}/`)).status, 404)
    while (ran.length === 0) await sleep(1)
    t.ok(ran[0]! - finished[0]! < 500, `after ${ran[0]! - finished[0]!} ms`)
  }
})

t.test('a task that is added after the drain has ended runs at once, and is counted', async (t) => {
  const { app } = await createApp(t)
  const events: string[] = []
  const late = deferred()
  app.get('/:first', (request, reply) => {
    if (request.url === '/used') request.backgroundTasks.addTask(() => { events.push('first') })
    reply.send('ok')
    late.promise.then(() => {
      request.backgroundTasks.addTask(async () => { events.push('late') })
      events.push(`added, pending ${app.backgroundTasks.pending}`)
    })
  })
  await app.inject('/used')
  await app.inject('/unused')
  await app.backgroundTasks.idle()
  late.resolve()
  await late.promise
  await app.backgroundTasks.idle()

  t.same(events, ['first', 'added, pending 1', 'added, pending 2', 'late', 'late'])
})

t.test('run() is the drain: nothing runs a second time after the response', async (t) => {
  const { app, log } = await createApp(t)
  const events: string[] = []
  app.get('/', async (request, reply) => {
    reply.raw.on('finish', () => events.push('finish'))
    request.backgroundTasks.addTask(() => { events.push('first') })
    request.backgroundTasks.addTask(() => { throw new Error('no') })
    t.same(request.backgroundTasks.tasks.length, 2)

    await t.rejects(request.backgroundTasks.run(), { message: 'no' })
    await request.backgroundTasks()
    t.same(request.backgroundTasks.tasks, [])
    request.backgroundTasks.addTask(() => { events.push('after the response') })
    return 'ok'
  })
  await app.inject('/')
  await app.backgroundTasks.idle()

  t.same(events, ['first', 'finish', 'after the response'])
  t.equal(log.failed.length, 1)
  t.match(app.backgroundTasks, { completed: 2, failed: 1 })
})

t.test('run() that nobody awaits is no unhandled rejection', async (t) => {
  const { app } = await createApp(t)
  const unhandled: unknown[] = []
  const note = (error: unknown) => { unhandled.push(error) }
  process.on('unhandledRejection', note)
  t.teardown(() => process.off('unhandledRejection', note))
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(async () => { throw new Error('no') })
    request.backgroundTasks.run()
    return 'ok'
  })
  t.equal((await app.inject('/')).statusCode, 200)
  await app.backgroundTasks.idle()
  await sleep(1)
  t.same(unhandled, [])
})

t.test('a task of the app runs at once, outside a request', async (t) => {
  const { app, log } = await createApp(t)
  const events: string[] = []
  const gate = deferred()
  app.backgroundTasks.addTask(async () => { await gate.promise; events.push('slow') })
  app.backgroundTasks.addTask(async (name: string) => { events.push(name) }, 'quick')
  app.backgroundTasks.addTask(() => { throw new Error('no') })
  app.backgroundTasks.addTask(new BackgroundTasks([new BackgroundTask(() => { events.push('a') }), new BackgroundTask(() => { events.push('b') })]))
  t.same(events, [], 'the caller goes on first')
  t.equal(app.backgroundTasks.pending, 4)
  t.throws(() => app.backgroundTasks.addTask(1 as unknown as () => void), { code: 'FST_BGT_INVALID_FUNCTION' })

  while (events.length < 3) await sleep(1)
  gate.resolve()
  await app.backgroundTasks.idle()
  t.same(events, ['quick', 'a', 'b', 'slow'])
  t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 3, failed: 1 })
  t.match(log.failed, [{ err: { message: 'no' }, task: 'anonymous' }])
})

t.test('idle() resolves at once where there is nothing to wait for', async (t) => {
  const { app } = await createApp(t)
  t.equal(await app.backgroundTasks.idle(), undefined)
})

t.test('400,000 tasks of one request block neither each other nor the server', async (t) => {
  const { app } = await createApp(t, {}, { logger: false })
  const count = 400_000 // each would take 0.1 ms and more if those behind it were copied when it begins
  let ran = 0
  let isInOrder = true
  app.get('/flood', async (request) => {
    for (let i = 0; i < count; i++) {
      request.backgroundTasks.addTask(async () => { isInOrder &&= i === ran++ })
    }
    return 'ok'
  })
  app.get('/ping', async () => 'pong')
  const origin = `http://127.0.0.1:${await listen(app)}`

  await (await fetch(`${origin}/flood`)).text()
  t.equal(await (await fetch(`${origin}/ping`)).text(), 'pong')
  await app.backgroundTasks.idle()
  t.equal(ran, count)
  t.ok(isInOrder)
})

t.test('2,000 requests over keep-alive: every task exactly once, in its collection\'s order', async (t) => {
  const { app } = await createApp(t, {}, { logger: false })
  const ran = new Map<string, number[]>()
  const note = (id: string, n: number) => { ran.set(id, [...ran.get(id) ?? [], n]) }
  app.get('/:id', async (request) => {
    const { id } = request.params as { id: string }
    request.backgroundTasks.addTask(async () => { await null; note(id, 1) })
    request.backgroundTasks.addTask(() => note(id, 2))
    request.backgroundTasks.addTask(async () => note(id, 3))
    return id
  })
  const port = await listen(app)

  const ids = Array.from({ length: 2000 }, (_, i) => `request-${i}`)
  const queue = [...ids]
  await Promise.all(Array.from({ length: 50 }, async () => {
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      t.equal(await (await fetch(`http://127.0.0.1:${port}/${id}`)).text(), id)
    }
  }))
  await app.backgroundTasks.idle()

  t.equal(ran.size, ids.length)
  t.same(ids.filter((id) => String(ran.get(id)) !== '1,2,3'), [])
  t.equal(app.backgroundTasks.completed, 6000)
})

t.test('200 clients, a third of which hang up at random moments: every task exactly once, in order', async (t) => {
  const { app } = await createApp(t, {}, { logger: false })
  const accepted: string[] = []
  const ran = new Map<string, number[]>()
  app.get('/:id', async (request, reply) => {
    const { id } = request.params as { id: string }
    accepted.push(id)
    for (const n of [1, 2, 3]) {
      request.backgroundTasks.addTask(async () => { ran.set(id, [...ran.get(id) ?? [], n]) })
      await sleep(Math.random() * 10)
    }
    const chunks = async function * () {
      for (let i = 0; i < 5; i++) {
        yield 'x'.repeat(1000)
        await sleep(Math.random() * 5)
      }
    }
    return Number(id) % 2 === 0 ? 'ok' : reply.send(Readable.from(chunks()))
  })
  const port = await listen(app)

  await Promise.all(Array.from({ length: 200 }, async (_, i) => {
    const client = await Client.connect(port)
    client.send('GET', `/${i}`, { connection: 'close' })
    if (i % 3 === 0) {
      await sleep(Math.random() * 50)
      client.hangUp()
    } else {
      await once(client.socket, 'close')
    }
  }))
  await app.close()

  t.ok(accepted.length >= 133)
  t.same(accepted.filter((id) => String(ran.get(id)) !== '1,2,3'), [])
})

t.test('a task that is refused while others run keeps no hook waiting', async (t) => {
  const { app } = await createApp(t, { queue: 'memory:', tasks: new URL('./fixtures/tasks/', import.meta.url) })
  const responded = deferred()
  app.addHook('onResponse', async () => { responded.resolve() })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(async () => {
      t.throws(() => request.backgroundTasks.addTask(identity, 1n), { code: 'FST_BGT_ARGUMENT' })
    })
    return 'ok'
  })
  await app.inject('/')
  await responded.promise
})
