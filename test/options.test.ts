import { once } from 'node:events'
import { constants } from 'node:http2'
import { PassThrough, Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import t from 'tap'
import backgroundTasks, { type BackgroundTasksRouteOptions } from '../lib/index.js'
import { connectHttp2, createApp, createBareApp, listen } from './helpers/app.js'
import { Client } from './helpers/client.js'

t.test('with runOn "success" tasks run only after a status below 400', async (t) => {
  const { app, log } = await createApp(t, { runOn: 'success' })
  const ran: string[] = []
  app.get('/:status', async (request, reply) => {
    const { status } = request.params as { status: string }
    request.backgroundTasks.addTask(function note () { ran.push(status) })
    if (status === '500') throw new Error('no')
    return reply.code(Number(status)).send(status)
  })
  const port = await listen(app)
  for (const status of [200, 204, 304, 399, 400, 404, 500]) {
    await fetch(`http://127.0.0.1:${port}/${status}`)
    await app.inject(`/${status}`)
  }
  await app.backgroundTasks.idle()

  t.same(ran, ['200', '200', '204', '204', '304', '304', '399', '399'])
  t.match(log.with('background tasks discarded: the response was not successful, and runOn is "success"')[0], { level: 20, tasks: ['note'] })
  t.match(app.backgroundTasks, { pending: 0, completed: 8, failed: 0 })
})

t.test('with runOn "success" tasks do not run where the client did not stay', async (t) => {
  const { app } = await createApp(t, { runOn: 'success' })
  const ran: string[] = []
  app.get('/', async (request) => {
    request.raw.socket.on('close', () => {
      request.backgroundTasks.addTask(() => { ran.push('late') })
      setTimeout(() => request.backgroundTasks.addTask(() => { ran.push('later') }), 5)
    })
    request.backgroundTasks.addTask(() => { ran.push('task') })
    const stream = new PassThrough()
    stream.write('x')
    return stream
  })
  app.get('/large', async (request) => {
    request.backgroundTasks.addTask(() => { ran.push('large') })
    return Buffer.alloc(50_000_000)
  })
  const port = await listen(app)
  for (const url of ['/', '/large']) {
    const client = await Client.connect(port)
    client.send('GET', url)
    await client.until('200 OK')
    client.hangUp()
    await app.backgroundTasks.idle()
  }
  await app.close()

  t.same(ran, [])
})

t.test('with runOn "success" over HTTP/2 tasks run where the client stayed, and only there', async (t) => {
  const app = Fastify({ http2: true })
  t.teardown(() => app.close())
  await app.register(backgroundTasks, { runOn: 'success' })
  const ran: string[] = []
  app.get('/:url', async (request) => {
    request.backgroundTasks.addTask(() => { ran.push(request.url) })
    if (request.url === '/stream') return Readable.from(async function * () { yield 'x'; await sleep(1_000) }())
    return request.url === '/large' ? Buffer.alloc(50_000) : 'ok'
  })
  // A window so small that a reply which has ended is still on its way when its client leaves.
  const session = await connectHttp2(t, app, { settings: { initialWindowSize: 100 } })

  for (const url of ['/stream', '/large']) {
    const abandoned = session.request({ ':path': url }).on('error', () => {})
    await once(abandoned, 'response')
    abandoned.close(constants.NGHTTP2_CANCEL)
    await app.backgroundTasks.idle()
  }
  await once(session.request({ ':path': '/served' }).resume(), 'close')
  await app.backgroundTasks.idle()

  t.same(ran, ['/served'])
})

t.test('a route has its own runOn and onError', async (t) => {
  const { app } = await createApp(t, { runOn: 'success', onError: 'stop' })
  const ran: string[] = []
  const route = (url: string, config?: BackgroundTasksRouteOptions) => {
    app.get(url, { config: { backgroundTasks: config } }, async (request, reply) => {
      request.backgroundTasks.addTask(() => { throw new Error('no') })
      request.backgroundTasks.addTask(() => { ran.push(url) })
      return reply.code(url.includes('fails') ? 500 : 200).send('')
    })
  }
  route('/as-the-plugin')
  route('/as-the-plugin-fails', {})
  route('/continue', { onError: 'continue' })
  route('/continue-fails', { onError: 'continue' })
  route('/always-fails', { runOn: 'always', onError: 'continue' })
  route('/always-and-stop-fails', { runOn: 'always' })
  for (const url of ['/as-the-plugin', '/as-the-plugin-fails', '/continue', '/continue-fails', '/always-fails', '/always-and-stop-fails']) {
    await app.inject(url)
  }
  await app.backgroundTasks.idle()

  t.same(ran, ['/continue', '/always-fails'])
  t.equal(app.backgroundTasks.failed, 4)
})

t.test('a wrong or unknown option is refused by name, when the plugin is registered', async (t) => {
  const cases: Array<[object, string]> = [
    ['always' as unknown as object, 'Invalid option "options": it must be an object, but got "always".'],
    [[], 'Invalid option "options": it must be an object, but got an array.'],
    [{ runOn: 'never' }, 'Invalid option "runOn": it must be "always" or "success", but got "never".'],
    [{ onError: Object.assign(() => {}, { [Symbol.toStringTag]: 42 }) }, 'Invalid option "onError": it must be "continue" or "stop", but got a function.'],
    [{ onError: true }, 'Invalid option "onError": it must be "continue" or "stop", but got true.'],
    [{ onTaskError: 'log' }, 'Invalid option "onTaskError": it must be a function, but got "log".'],
    [{ closeTimeout: '10s' }, 'Invalid option "closeTimeout": it must be a whole number of milliseconds from 0 to 2147483647, but got "10s".'],
    [{ closeTimeout: -1 }, 'Invalid option "closeTimeout": it must be a whole number of milliseconds from 0 to 2147483647, but got -1.'],
    [{ closeTimeout: Infinity }, 'Invalid option "closeTimeout": it must be a whole number of milliseconds from 0 to 2147483647, but got Infinity.'],
    [{ timeout: 0 }, 'Invalid option "timeout": it must be a whole number of milliseconds from 1 to 2147483647, but got 0.'],
    [{ blockedWarning: 1.5 }, 'Invalid option "blockedWarning": it must be a whole number of milliseconds from 0 to 2147483647, but got 1.5.'],
    [{ tasks: 42 }, 'Invalid option "tasks": it must be the path or URL of a file or folder, the name of a package, or an array of these, but got 42.'],
    [{ tasks: ['./tasks', null] }, 'Invalid option "tasks": it must be the path or URL of a file or folder, the name of a package, or an array of these, but got an array.'],
    [{ threads: true }, 'Invalid option "threads": it must be an object, but got true.'],
    [{ threads: null }, 'Invalid option "threads": it must be an object, but got null.'],
    [{ metrics: null }, 'Invalid option "metrics": it must be an object, but got null.'],
    [{ threads: { max: 0 } }, 'Invalid option "threads.max": it must be a whole number from 1, but got 0.'],
    [{ threads: 4 }, 'Invalid option "threads": it must be false or an object, but got 4; for that many threads, pass { max: 4 }.'],
    [{ threads: { min: 1 } }, 'Invalid option "threads.min": it is unknown; did you mean "max"? (the known ones are max, idleTimeout, resourceLimits).'],
    [{ threads: { idleTimeout: '1s' } }, 'Invalid option "threads.idleTimeout": it must be a whole number of milliseconds from 0 to 2147483647, but got "1s".'],
    [{ threads: { resourceLimits: 64 } }, 'Invalid option "threads.resourceLimits": it must be an object, but got 64.'],
    [{ threads: { resourceLimits: { stackSizeMb: '4' } } }, 'Invalid option "threads.resourceLimits.stackSizeMb": it must be a number of megabytes from 2, but got "4".'],
    [{ threads: { resourceLimits: { maxOldGenerationSizeMb: 3 } } }, 'Invalid option "threads.resourceLimits.maxOldGenerationSizeMb": it must be a number of megabytes from 4, but got 3.'],
    [
      { runon: 'always' },
      'Invalid option "runon": it is unknown; did you mean "runOn"? (the known ones are ' +
      'runOn, onError, tasks, threads, onTaskError, timeout, retries, backoff, maxPending, maxRunning, metrics, blockedWarning, closeTimeout, awaitTasks, queue).'
    ]
  ]
  for (const [options, message] of cases) {
    const { app } = createBareApp(t)
    await t.rejects(async () => await app.register(backgroundTasks, options), { code: 'FST_BGT_INVALID_OPTION', statusCode: 500, message })
  }
})

t.test('options that Fastify hands on from register are let through', async (t) => {
  const { app } = createBareApp(t)
  await app.register(backgroundTasks, { prefix: '/v1', logLevel: 'warn', runOn: undefined })
  t.pass()
})

t.test('a wrong option of a route is refused when the route is added', async (t) => {
  const { app } = await createApp(t)
  const add = (options: object) => () => app.get('/', { config: { backgroundTasks: options } }, async () => 'ok')

  t.throws(add({ runOn: 'never' }), {
    code: 'FST_BGT_INVALID_OPTION',
    message: 'Invalid option "config.backgroundTasks.runOn": it must be "always" or "success", but got "never".'
  })
  t.throws(add({ closeTimeout: 1 }), {
    message: 'Invalid option "config.backgroundTasks.closeTimeout": it is unknown; the known ones are runOn, onError.'
  })
})

t.test('a wrong option of a route that was there before the plugin is refused when its tasks are asked for', async (t) => {
  const { app } = createBareApp(t)
  app.register(backgroundTasks)
  app.get('/', { config: { backgroundTasks: { runOn: 'never' as 'always' } } }, async (request) => {
    request.backgroundTasks.addTask(() => {})
  })
  t.match((await app.inject('/')).json(), { statusCode: 500, code: 'FST_BGT_INVALID_OPTION' })
})

t.test('the plugin is registered once', async (t) => {
  const { app } = await createApp(t)
  const again = { code: 'FST_BGT_ALREADY_REGISTERED', message: /already registered\. Register it once/ }

  await t.rejects(async () => await app.register(backgroundTasks), again)
  const other = await createApp(t)
  await t.rejects(async () => await other.app.register(async (child) => { await child.register(backgroundTasks) }), again)
})

t.test('two encapsulated plugins may each have their own', async (t) => {
  const { app } = createBareApp(t)
  const ran: string[] = []
  for (const name of ['a', 'b']) {
    app.register(async (child) => {
      await child.register(backgroundTasks)
      child.get(`/${name}`, async (request) => {
        request.backgroundTasks.addTask(() => { ran.push(name) })
        return { pending: child.backgroundTasks.pending }
      })
    })
  }
  t.same((await app.inject('/a')).json(), { pending: 1 })
  t.same((await app.inject('/b')).json(), { pending: 1 })
  await app.close()
  t.same(ran, ['a', 'b'])
})
