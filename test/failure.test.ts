import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import Fastify, { type FastifyBaseLogger } from 'fastify'
import t from 'tap'
import backgroundTasks from '../lib/index.js'
import { createApp } from './helpers/app.js'

t.test('a task that throws is logged once, with its name and its request, and disturbs nothing else', async (t) => {
  const { app, log } = await createApp(t)
  const ran: string[] = []
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(async function sendWelcome (to: string, options: object) { throw new Error('no server') }, 'secret@example.com', { password: 'sesame' })
    request.backgroundTasks.addTask(function audit (secret: string) { throw new Error('no disk') }, 'sesame')
    request.backgroundTasks.addTask(() => { ran.push('third') })
    return request.id
  })
  const { statusCode, body: id } = await app.inject('/')
  await app.backgroundTasks.idle()

  t.equal(statusCode, 200)
  t.same(ran, ['third'])
  t.match(log.failed, [
    { level: 50, reqId: id, task: 'sendWelcome', execution: 'await', err: { message: 'no server', stack: /failure\.test/ } },
    { level: 50, reqId: id, task: 'audit', execution: 'inline', err: { message: 'no disk' } }
  ])
  t.equal(log.errors.length, 2)
  t.notMatch(JSON.stringify(log.lines), /sesame|secret@/, 'arguments are never logged')
  t.match(app.backgroundTasks, { completed: 1, failed: 2 })
})

t.test('whatever a task throws is logged, and is no unhandled rejection', async (t) => {
  const { app, log } = await createApp(t)
  const unhandled: unknown[] = []
  const note = (error: unknown) => { unhandled.push(error) }
  process.on('unhandledRejection', note)
  t.teardown(() => process.off('unhandledRejection', note))
  const trap = () => { throw new Error('trap') }
  const thrown = [
    undefined, null, 'text', 0, { code: 'E' }, Object.create(null),
    new Proxy({}, { get: trap, getPrototypeOf: trap }),
    { [inspect.custom]: trap },
    Object.defineProperty(new Error('late'), 'message', { get: trap })
  ]
  app.get('/', async (request) => {
    for (const error of thrown) {
      request.backgroundTasks.addTask(() => { throw error })
      request.backgroundTasks.addTask(async () => { await sleep(1); throw error })
    }
    return 'ok'
  })
  t.equal((await app.inject('/')).statusCode, 200)
  await app.backgroundTasks.idle()
  await sleep(5)

  t.same(unhandled, [])
  t.equal(app.backgroundTasks.failed, 2 * thrown.length)
  const logged = log.failed.map(({ err }) => err.message).filter((_, i) => i % 2 === 0)
  t.match(logged, [
    'Non-error value thrown: undefined',
    'Non-error value thrown: null',
    "Non-error value thrown: 'text'",
    'Non-error value thrown: 0',
    "Non-error value thrown: { code: 'E' }",
    'Non-error value thrown: [Object: null prototype] {}',
    /^Non-error value thrown: .*\{\}/, // the proxy: Node 26 says that it is one
    'Non-error value thrown: it cannot be shown',
    'The error cannot be logged: a getter or serializer throws'
  ])
  t.equal(log.errors.length, 2 * thrown.length, 'each once')
})

t.test('a logger that throws disturbs nothing', async (t) => {
  const { app } = await createApp(t, {}, {
    logger: { stream: new PassThrough(), serializers: { err () { throw new Error('in a serializer') } } }
  })
  const ran: string[] = []
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(() => { throw new Error('no') })
    request.backgroundTasks.addTask(() => { ran.push('second') })
    return 'ok'
  })
  await app.inject('/')
  await app.backgroundTasks.idle()
  t.same(ran, ['second'])
})

t.test('onTaskError gets the error as it was thrown, with the task and its request', async (t) => {
  const calls: unknown[] = []
  const { app } = await createApp(t, { onTaskError: (error, task, request) => { calls.push([error, task.name, task.args, request?.id]) } })
  app.get('/', async (request) => {
    // eslint-disable-next-line no-throw-literal
    request.backgroundTasks.addTask(function sync () { throw undefined })
    return request.id
  })
  const { body: id } = await app.inject('/')
  await app.backgroundTasks.idle()
  app.backgroundTasks.addTask(async function ofTheApp (n: number) { throw new Error('no') }, 42)
  await app.backgroundTasks.idle()

  t.match(calls, [[undefined, 'sync', [], id], [{ message: 'no' }, 'ofTheApp', [42], undefined]])
})

t.test('an onTaskError that throws or rejects is logged, and in nobody\'s way', async (t) => {
  for (const onTaskError of [() => { throw new Error('in onTaskError') }, async () => { throw new Error('in onTaskError') }]) {
    const { app, log } = await createApp(t, { onTaskError })
    const ran: string[] = []
    app.get('/', async (request) => {
      request.backgroundTasks.addTask(function fails () { throw new Error('no') })
      request.backgroundTasks.addTask(() => { ran.push('second') })
      return 'ok'
    })
    await app.inject('/')
    await app.backgroundTasks.idle()
    t.same(ran, ['second'])
    t.match(log.with('onTaskError failed for background task "fails": in onTaskError'), [{ level: 50, task: 'fails', err: { message: 'in onTaskError' } }])
  }
})

t.test('with onError "stop" the tasks after one that failed do not run, and the log names them', async (t) => {
  const { app, log } = await createApp(t, { onError: 'stop' })
  const ran: string[] = []
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(function charge () { throw new Error('no') })
    request.backgroundTasks.addTask(function receipt () { ran.push('receipt') })
    request.backgroundTasks.addTask(function audit () { ran.push('audit') })
    return 'ok'
  })
  await app.inject('/')
  await app.backgroundTasks.idle()

  t.same(ran, [])
  t.match(log.failed, [{ task: 'charge', skipped: ['receipt', 'audit'] }])
  t.match(app.backgroundTasks, { pending: 0, completed: 0, failed: 1 })
})

t.test('with onError "stop" a task that onTaskError adds runs', async (t) => {
  const { app } = await createApp(t, {
    onError: 'stop',
    onTaskError: (_error, _task, request) => { request?.backgroundTasks.addTask(() => { ran.push('refund') }) }
  })
  const ran: string[] = []
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(function charge () { throw new Error('no') })
    request.backgroundTasks.addTask(function receipt () { ran.push('receipt') })
    return 'ok'
  })
  await app.inject('/')
  await app.backgroundTasks.idle()
  t.same(ran, ['refund'])
})

t.test('a failing task of one request does not touch another request', async (t) => {
  const { app } = await createApp(t, { onError: 'stop' })
  const ran: string[] = []
  app.get('/:id', async (request) => {
    const { id } = request.params as { id: string }
    if (id === 'bad') request.backgroundTasks.addTask(() => { throw new Error('no') })
    request.backgroundTasks.addTask(() => { ran.push(id) })
    return 'ok'
  })
  await Promise.all([app.inject('/bad'), app.inject('/good')])
  await app.backgroundTasks.idle()
  t.same(ran, ['good'])
})

t.test('a task that has completed is no failure where the logger cannot say its level', async (t) => {
  const lines: string[] = []
  const write = (_fields: unknown, message: string) => { lines.push(message) }
  let isBroken = false
  const logger = {
    ...Object.fromEntries(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'].map((level) => [level, write])),
    child: () => logger,
    get level () { if (isBroken) throw new Error('no level'); return 'debug' }
  }
  const app = Fastify({ loggerInstance: logger as unknown as FastifyBaseLogger })
  t.teardown(() => app.close())
  await app.register(backgroundTasks, { retries: 1, backoff: 1 })
  isBroken = true
  app.backgroundTasks.addTask(async function task () {})
  await app.backgroundTasks.idle()
  await sleep(10)
  isBroken = false
  t.same(lines, ['background task "task" completed'])
})

t.test('a logger that throws at whatever it is asked disturbs nothing, and keeps nothing counted', async (t) => {
  const logger: Record<string, unknown> = {}
  let isBroken = false
  for (const method of ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent', 'child']) {
    logger[method] = () => {
      if (isBroken) throw new Error('in the logger')
      return logger
    }
  }
  Object.defineProperty(logger, 'level', { get () { if (isBroken) throw new Error('in the logger'); return 'debug' } })
  const app = Fastify({ loggerInstance: logger as unknown as FastifyBaseLogger })
  t.teardown(() => app.close())
  await app.register(backgroundTasks, { retries: 1, backoff: 1, blockedWarning: 1 })
  const ran: string[] = []
  const tasks = app.backgroundTasks
  isBroken = true // outside of a request, where lines of Fastify's own would fail
  tasks.addTask(async () => { ran.push('async') })
  tasks.addTask(() => { ran.push('sync'); const end = performance.now() + 3; while (performance.now() < end); })
  tasks.addTask(async () => { ran.push('fails'); throw new Error('no') })
  tasks.waitUntil(Promise.reject(new Error('no')))
  await tasks.idle()
  isBroken = false
  t.same(ran.sort(), ['async', 'fails', 'fails', 'sync'])
  t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 2, failed: 2 })
})
