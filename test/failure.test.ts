import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import t from 'tap'
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
  t.match(log.with('background task failed'), [
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
  const logged = log.with('background task failed').map(({ err }) => err.message).filter((_, i) => i % 2 === 0)
  t.match(logged, [
    'Thrown, though it is no error: undefined',
    'Thrown, though it is no error: null',
    "Thrown, though it is no error: 'text'",
    'Thrown, though it is no error: 0',
    "Thrown, though it is no error: { code: 'E' }",
    'Thrown, though it is no error: [Object: null prototype] {}',
    /^Thrown, though it is no error: .*\{\}/, // the proxy: Node 26 says that it is one
    'Thrown, though it is no error: it cannot be shown',
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
    t.match(log.with('onTaskError failed'), [{ level: 50, task: 'fails', err: { message: 'in onTaskError' } }])
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
  t.match(log.with('background task failed'), [{ task: 'charge', skipped: ['receipt', 'audit'] }])
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
