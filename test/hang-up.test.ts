import { once } from 'node:events'
import { constants } from 'node:http2'
import { PassThrough } from 'node:stream'
import { finished } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import backgroundTasks, { type BackgroundTasksOptions } from '../lib/index.js'
import { connectHttp2, createApp, createBareApp, listen } from './helpers/app.js'
import { Client } from './helpers/client.js'
import { deferred } from './helpers/promise.js'

/** An app whose handler begins, waits until its client has left, and goes on with `afterwards`. */
async function abandon (
  t: Test,
  afterwards: (request: FastifyRequest, reply: FastifyReply, note: (event: string) => void) => unknown,
  { method = 'GET', options = {} as BackgroundTasksOptions, isAsync = true } = {}
) {
  const { app, log } = await createApp(t, options)
  const events: string[] = []
  const note = (event: string) => { events.push(event) }
  const handlerAtWork = deferred()

  async function untilClientHasLeft (request: FastifyRequest, reply: FastifyReply) {
    request.backgroundTasks.addTask(note, 'early task')
    handlerAtWork.resolve()
    await once(reply.raw, 'close')
    await sleep(5)
    note('handler goes on')
  }
  app.route({
    url: '/',
    method,
    handler: isAsync
      ? async (request, reply) => {
        await untilClientHasLeft(request, reply)
        return await afterwards(request, reply, note)
      }
      : (request, reply) => {
          untilClientHasLeft(request, reply).then(() => afterwards(request, reply, note))
        }
  })
  const port = await listen(app)

  const client = await Client.connect(port)
  client.send(method, '/', { 'content-type': 'text/plain', 'content-length': method === 'POST' ? 4 : 0 }, method === 'POST' ? 'body' : '')
  await handlerAtWork.promise
  client.hangUp()
  await app.backgroundTasks.idle()
  return { app, log, events }
}

/** A hook that begins, and ends when the client has left. */
function outlast (begin: () => void) {
  return async (_request: FastifyRequest, reply: FastifyReply) => {
    begin()
    await once(reply.raw, 'close')
    await sleep(5)
  }
}

t.test('a client that hangs up does not lose its tasks: they run once, after the handler has settled', async (t) => {
  for (const method of ['GET', 'POST']) {
    const { events } = await abandon(t, async (request, reply, note) => {
      request.backgroundTasks.addTask(note, 'late task')
      await sleep(5)
      return 'ok'
    }, { method })
    t.same(events, ['handler goes on', 'early task', 'late task'], method)
  }
})

t.test('a handler whose client has left settles in whatever way it likes', async (t) => {
  const ways: Array<[string, (request: FastifyRequest, reply: FastifyReply) => unknown]> = [
    ['returns undefined', async () => {}],
    ['throws', async () => { throw new Error('no') }],
    ['sends', async (request, reply) => reply.send('ok')],
    ['sends a stream', async () => new PassThrough().end('ok')]
  ]
  for (const [way, afterwards] of ways) {
    const { events } = await abandon(t, afterwards)
    t.same(events, ['handler goes on', 'early task'], way)
  }

  const byCallback = await abandon(t, (request, reply) => { reply.send('ok') }, { isAsync: false })
  t.same(byCallback.events, ['handler goes on', 'early task'], 'sends from a callback')
})

t.test('a client that hangs up in the middle of a stream does not lose its tasks', async (t) => {
  const { app } = await createApp(t)
  const ran: string[] = []
  app.get('/stream', async (request) => {
    request.backgroundTasks.addTask(() => { ran.push('stream') })
    const stream = new PassThrough()
    stream.write('x'.repeat(1000))
    return stream
  })
  app.get('/hijacked', (request, reply) => {
    request.backgroundTasks.addTask(() => { ran.push('hijacked') })
    reply.hijack()
    reply.raw.write('data: 1\n\n')
  })
  app.get('/web-stream', async (request) => {
    request.backgroundTasks.addTask(() => { ran.push('web-stream') })
    return new Response(new ReadableStream({ start: (controller) => controller.enqueue(Buffer.alloc(1000)) }))
  })
  const port = await listen(app)

  for (const url of ['/stream', '/hijacked', '/web-stream']) {
    const client = await Client.connect(port)
    client.send('GET', url)
    await client.until('200 OK')
    client.hangUp()
    await app.backgroundTasks.idle()
  }
  t.same(ran, ['stream', 'hijacked', 'web-stream'])
})

t.test('a client that hangs up on a hook that answers before the plugin is asked does not lose its tasks', async (t) => {
  const { app } = createBareApp(t)
  const ran: string[] = []
  // An async hook would do the same, but where its stream breaks off Fastify before 5.12.8 rejects a promise of its own.
  app.addHook('onRequest', (request, reply) => {
    request.backgroundTasks.addTask(() => { ran.push('task') })
    const stream = new PassThrough()
    stream.write('x')
    reply.send(stream)
  })
  await app.register(backgroundTasks)
  app.get('/', async () => 'never reached')
  const client = await Client.connect(await listen(app))
  client.send('GET', '/')
  await client.until('200 OK')
  client.hangUp()
  await app.backgroundTasks.idle()
  t.same(ran, ['task'])
})

t.test('a client that hangs up during another plugin\'s onRequest hook does not lose its tasks', async (t) => {
  const { app } = createBareApp(t)
  const events: string[] = []
  const inHook = deferred()
  app.addHook('onRequest', outlast(inHook.resolve))
  await app.register(backgroundTasks)
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(() => { events.push('task') })
    await sleep(5)
    events.push('handler settles')
    return 'ok'
  })
  const client = await Client.connect(await listen(app))
  client.send('GET', '/')
  await inHook.promise
  client.hangUp()
  while (app.backgroundTasks.pending === 0) await sleep(1)
  await app.backgroundTasks.idle()

  t.same(events, ['handler settles', 'task'])
})

t.test('a client that hangs up over HTTP/2 during another plugin\'s onRequest hook does not lose its tasks', async (t) => {
  const app = Fastify({ http2: true })
  t.teardown(() => app.close())
  const ran: string[] = []
  const inHook = deferred()
  app.addHook('onRequest', outlast(inHook.resolve))
  await app.register(backgroundTasks)
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(() => { ran.push('task') })
    return 'ok'
  })
  const session = await connectHttp2(t, app)
  const stream = session.request({ ':path': '/' }).on('error', () => {})
  await inHook.promise
  stream.close(constants.NGHTTP2_CANCEL)
  while (app.backgroundTasks.completed === 0) await sleep(1)

  t.same(ran, ['task'])
})

t.test('a client that hangs up before the turn of its pipelined requests does not lose their tasks', async (t) => {
  const { app } = await createApp(t, {}, { logger: false })
  const ran: string[] = []
  const allAtWork = deferred()
  const hungUp = deferred()
  const urls = Array.from({ length: 12 }, (_, i) => `/${i}`)
  let atWork = 0
  app.get('/:i', async (request) => {
    request.backgroundTasks.addTask(() => { ran.push(request.url) })
    if (++atWork === urls.length) allAtWork.resolve()
    // The last ones reply before their turn, into the queue.
    if (Number(request.url.slice(1)) < 9) await hungUp.promise
    return 'ok'
  })
  const warnings: unknown[] = []
  const warn = (warning: unknown) => { warnings.push(warning) }
  process.on('warning', warn)
  t.teardown(() => process.off('warning', warn))
  const client = await Client.connect(await listen(app))
  for (const url of urls) client.send('GET', url)
  await allAtWork.promise
  client.hangUp()
  await sleep(20)
  hungUp.resolve()
  await app.backgroundTasks.idle()

  t.same(ran.sort(), urls.sort())
  t.same(warnings, [])
})

t.test('a left client\'s tasks wait for what follows the handler, too', async (t) => {
  const { app } = await createApp(t)
  const events: string[] = []
  const leaving = deferred()
  app.setErrorHandler(async (_error, request) => {
    await sleep(5)
    request.backgroundTasks.addTask(async () => { events.push('second task') })
    events.push('error handler ends')
    return 'handled'
  })
  app.get('/', async (request, reply) => {
    request.backgroundTasks.addTask(async () => { events.push('first task') })
    leaving.resolve()
    await once(reply.raw, 'close')
    throw new Error('no')
  })
  const client = await Client.connect(await listen(app))
  client.send('GET', '/')
  await leaving.promise
  client.hangUp()
  await app.backgroundTasks.idle()

  t.same(events, ['error handler ends', 'first task', 'second task'])
})

t.test('a client that hangs up while its body is uploaded does not lose its tasks', async (t) => {
  const { app } = await createApp(t)
  const ran: string[] = []
  const uploading = deferred()
  app.addHook('onRequest', async (request) => {
    request.backgroundTasks.addTask(() => { ran.push('added before the handler') })
    setTimeout(uploading.resolve, 10)
  })
  app.post('/parsed', async () => 'never reached')
  app.addContentTypeParser('application/octet-stream', (request, payload, done) => done(null))
  app.post('/raw', async (request) => {
    await finished(request.raw).catch(() => {})
    request.backgroundTasks.addTask(() => { ran.push('added by the handler') })
  })
  const port = await listen(app)

  for (const [url, type] of [['/parsed', 'application/json'], ['/raw', 'application/octet-stream']] as const) {
    const client = await Client.connect(port)
    client.send('POST', url, { 'content-type': type, 'content-length': 1000 }, '{"half": ')
    await uploading.promise
    await sleep(10)
    client.hangUp()
    await app.backgroundTasks.idle()
  }
  while (ran.length < 3) await app.backgroundTasks.idle()
  t.same(ran, ['added before the handler', 'added before the handler', 'added by the handler'])
})

/** An app over HTTP/1.1 or HTTP/2 whose route writes events by hand; resolves when its task has run, after the client has left. */
async function streamEvents (t: Test, isHttp2: boolean, route: (app: FastifyInstance, add: (request: FastifyRequest) => void) => void): Promise<number> {
  const app = (isHttp2 ? Fastify({ http2: true }) : Fastify()) as FastifyInstance
  t.teardown(() => app.close())
  await app.register(backgroundTasks)
  const ran = deferred()
  route(app, (request) => { request.backgroundTasks.addTask(() => { ran.resolve() }) })
  const port = isHttp2 ? 0 : await listen(app)
  const left = deferred()
  if (isHttp2) {
    const session = await connectHttp2(t, app)
    const stream = session.request({ ':path': '/' }).on('error', () => {})
    stream.once('data', () => { stream.close(constants.NGHTTP2_CANCEL); left.resolve() })
  } else {
    const client = await Client.connect(port)
    client.send('GET', '/')
    await client.until('data: 1')
    client.hangUp()
    left.resolve()
  }
  await left.promise
  const started = performance.now()
  await ran.promise
  return performance.now() - started
}

const writesEvents: Array<[string, (app: FastifyInstance, add: (request: FastifyRequest) => void) => void]> = [
  ['a callback handler', (app, add) => {
    app.get('/', (request, reply) => {
      add(request)
      reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
      reply.raw.write('data: 1\n\n')
    })
  }],
  ['an async handler that goes on', (app, add) => {
    app.get('/', async (request, reply) => {
      add(request)
      reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
      reply.raw.write('data: 1\n\n')
      await new Promise(() => {})
    })
  }],
  ['an async handler that has hijacked', (app, add) => {
    app.get('/', async (request, reply) => {
      add(request)
      reply.hijack()
      reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
      reply.raw.write('data: 1\n\n')
    })
  }]
]

for (const isHttp2 of [false, true]) {
  for (const [who, route] of writesEvents) {
    t.test(`server-sent events by ${who} over HTTP/${isHttp2 ? 2 : 1}: tasks run when the client leaves`, async (t) => {
      const duration = await streamEvents(t, isHttp2, route)
      t.ok(duration < 20_000, `${duration} ms`)
    })
  }
}

t.test('an async handler that destroys its connection has its tasks run', async (t) => {
  const { app } = await createApp(t)
  const ran = deferred()
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(() => { ran.resolve() })
    request.raw.destroy()
  })
  const client = await Client.connect(await listen(app))
  client.send('GET', '/')
  await ran.promise
  t.pass()
})

t.test('another plugin\'s onSend hook that fails when the client has left delays nothing', async (t) => {
  const { app } = createBareApp(t)
  app.addHook('onSend', async () => { throw new Error('no') })
  await app.register(backgroundTasks)
  const ran = deferred()
  const left = deferred()
  app.get('/', (request, reply) => {
    request.backgroundTasks.addTask(() => { ran.resolve() })
    left.resolve()
    reply.raw.once('close', () => { reply.send('ok') })
  })
  const client = await Client.connect(await listen(app))
  client.send('GET', '/')
  await left.promise
  client.hangUp()
  await ran.promise
  t.pass()
})

t.test('200 pipelined requests behind an async onRequest hook keep their tasks when the client leaves', async (t) => {
  const { app } = createBareApp(t, { logger: false })
  const [allBegun, hasLeft] = [deferred(), deferred()]
  let begun = 0
  app.addHook('onRequest', async () => {
    if (++begun === 200) allBegun.resolve()
    await hasLeft.promise
  })
  await app.register(backgroundTasks)
  const accepted: string[] = []
  const ran: string[] = []
  app.get('/', async (request) => {
    accepted.push(request.id)
    request.backgroundTasks.addTask(() => { ran.push(request.id) })
    return 'ok'
  })
  const client = await Client.connect(await listen(app))
  for (let i = 0; i < 200; i++) client.send('GET', '/')
  await allBegun.promise
  client.hangUp()
  await sleep(50)
  hasLeft.resolve()
  while (accepted.length < 200) await sleep(10)
  await app.backgroundTasks.idle()
  t.same(ran.sort(), accepted.sort())
})

t.test('a response that was sent whole has succeeded, though its client resets the connection while another onResponse hook runs', async (t) => {
  const { app } = createBareApp(t)
  const [hookBegins, hookGoesOn] = [deferred(), deferred()]
  app.addHook('onResponse', async () => {
    hookBegins.resolve()
    await hookGoesOn.promise
  })
  await app.register(backgroundTasks, { runOn: 'success' })
  const ran: string[] = []
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(() => { ran.push('task') })
    return 'ok'
  })
  const client = await Client.connect(await listen(app))
  client.send('GET', '/')
  await client.until('200 OK')
  await hookBegins.promise
  client.socket.resetAndDestroy()
  await sleep(20)
  hookGoesOn.resolve()
  await app.backgroundTasks.idle()
  t.same(ran, ['task'])
})

t.test('a client that leaves its HEAD request over HTTP/2 does not lose its tasks, whether its handler replies or not', async (t) => {
  for (const afterwards of [async () => {}, async () => 'ok']) {
    const { app } = createBareApp(t, { http2: true } as object)
    await app.register(backgroundTasks)
    const ran: string[] = []
    const atWork = deferred()
    const goOn = deferred()
    app.get('/', async (request) => {
      request.backgroundTasks.addTask(() => { ran.push('task') })
      atWork.resolve()
      await goOn.promise
      return await afterwards()
    })
    const session = await connectHttp2(t, app)
    const stream = session.request({ ':path': '/', ':method': 'HEAD' }).on('error', () => {})
    await atWork.promise
    stream.close(constants.NGHTTP2_CANCEL)
    await once(stream, 'close')
    await sleep(10)
    t.same(ran, [])
    goOn.resolve()
    await app.backgroundTasks.idle()
    t.same(ran, ['task'])
  }
})
