import { Readable } from 'node:stream'
import { test, type Test } from 'tap'
import backgroundTasks from '../../lib/index.js'
import * as work from '../fixtures/queue/work.js'
import { createBareApp, listen } from '../helpers/app.js'
import { Client } from '../helpers/client.js'
import { deferred } from '../helpers/promise.js'
import { createQueueApp, Network, Notes, queueTasks, testOnEach } from '../helpers/queue.js'

test('requests and the queue', async (t: Test) => {
  await testOnEach(t, 'tasks of a request run on a worker of the same process, closures in the process', async (t, server) => {
    const { app, notes, queue } = await createQueueApp(t, server, { queue: { worker: true } })
    app.get('/', async (request) => {
      request.backgroundTasks.addTask(work.flakyInThread, notes.file, 'thread', 1)
      request.backgroundTasks.addTask(() => { notes.add('closure') })
      request.backgroundTasks.addTask(work.note, notes.file, 'note')
      return 'ok'
    })
    const response = await fetch(`http://127.0.0.1:${await listen(app)}`)
    t.equal(await response.text(), 'ok')
    await app.backgroundTasks.idle()
    const lines = notes.lines as any[]
    t.equal(lines.filter((line) => line === 'closure').length, 1)
    t.match(lines.filter((line) => line !== 'closure'), [['thread', 1, String, true], ['thread', 2, String, true], 'note'])
    t.equal(await queue.getCompletedCount(), 1)
  })

  await testOnEach(t, 'with enqueue "beforeResponse" the tasks are stored when the response arrives', async (t, server) => {
    const { app, notes, queue } = await createQueueApp(t, server, { queue: { enqueue: 'beforeResponse' } })
    app.get('/', async (request) => {
      request.backgroundTasks.addTask(work.note, notes.file, 1)
      return 'ok'
    })
    await fetch(`http://127.0.0.1:${await listen(app)}`)
    t.equal(await queue.getWaitingCount(), 1)
  })

  await testOnEach(t, 'a reply that gives way to a 503 releases its stream, and says nothing of the server', async (t, server) => {
    const network = await Network.create(t, server)
    const { app, notes, log } = await createQueueApp(t, server, { queue: { connection: server.url(network.port), enqueue: 'beforeResponse' } })
    const released: string[] = []
    app.addHook('preHandler', async (request) => { request.backgroundTasks.addTask(work.note, notes.file, request.url) })
    app.get('/node', async () => new Readable({ read () {}, destroy (error, done) { released.push('node'); done(error) } }))
    app.get('/web', async () => new ReadableStream({ cancel () { released.push('web') } }))
    app.get('/empty', async (_request, reply) => await reply.code(204).send())
    app.get('/bad', async (_request, reply) => await reply.code(400).send({ wrong: true }))
    const origin = `http://127.0.0.1:${await listen(app)}`

    network.cut()
    for (const path of ['node', 'web', 'empty', 'bad', 'missing']) {
      const response = await fetch(`${origin}/${path}`)
      t.equal(response.status, 503, path)
      t.same(await response.json(), { statusCode: 503, code: 'FST_BGT_QUEUE_UNAVAILABLE', error: 'Service Unavailable', message: 'The background tasks cannot be stored on the queue: its server is unavailable. Try again later.' })
    }
    t.same(released, ['node', 'web'])
    t.same(notes.lines, [])
    t.equal(app.backgroundTasks.pending, 0)
    t.equal(log.lines.filter(({ level, msg }) => level === 40 && /is unavailable for the queue/.test(msg)).length, 1)
    network.mend()
    while ((await fetch(`${origin}/bad`)).status === 503) await new Promise((resolve) => setTimeout(resolve, 50))
  })

  await testOnEach(t, 'no task runs if storing fails when the client has left meanwhile', async (t, server) => {
    const network = await Network.create(t, server)
    const { app, notes } = await createQueueApp(t, server, { queue: { connection: server.url(network.port), enqueue: 'beforeResponse' } })
    const [replied, left, refused] = [deferred(), deferred(), deferred<{ code?: string }>()]
    app.addHook('onError', async (_request, _reply, error) => { refused.resolve(error) })
    app.get('/', async (request, reply) => {
      request.backgroundTasks.addTask(work.note, notes.file, 'queue')
      request.backgroundTasks.addTask(() => { notes.add('closure') })
      reply.raw.once('close', left.resolve)
      replied.resolve()
      return 'ok'
    })
    const client = await Client.connect(await listen(app))

    network.hang()
    client.send('GET', '/')
    await replied.promise
    client.hangUp()
    await left.promise
    t.equal((await refused.promise).code, 'FST_BGT_QUEUE_UNAVAILABLE')
    await app.backgroundTasks.idle()
    t.same(notes.lines, [])
  })

  await testOnEach(t, 'a queue task that is added behind a thread task once the drain has ended runs once', async (t, server) => {
    const { app, notes } = await createQueueApp(t, server, { queue: { worker: true } })
    let addLate: undefined | (() => void)
    app.get('/', async ({ backgroundTasks }) => {
      addLate = () => {
        backgroundTasks.addTask(work.hereInThread, notes.file, 'process')
        backgroundTasks.addTask(work.flakyInThread, notes.file, 'queue', 0)
      }
      backgroundTasks.addTask(work.note, notes.file, 'early')
      return 'ok'
    })
    await app.inject('/')
    await app.backgroundTasks.idle()
    addLate?.()
    await app.backgroundTasks.idle()
    t.same((notes.lines as Array<string | string[]>).map((line) => line[0]).sort(), ['e', 'process', 'queue'])
    t.equal(app.backgroundTasks.pending, 0)
  })

  await testOnEach(t, 'an app that closes at once has stored the tasks of its last request', async (t, server) => {
    const { app, notes, queue } = await createQueueApp(t, server)
    app.get('/', async (request) => {
      request.backgroundTasks.addTask(work.note, notes.file, 1)
      return 'ok'
    })
    await app.inject('/')
    await app.close()
    t.equal(await queue.getWaitingCount(), 1)
  })

  await testOnEach(t, 'an argument that cannot be stored is an error in the handler', async (t, server) => {
    const { app } = await createQueueApp(t, server)
    app.get('/', async (request) => {
      request.backgroundTasks.addTask(work.note, '', { when: new Date() })
      return 'ok'
    })
    const response = await app.inject('/')
    t.match(response.json(), { statusCode: 500, code: 'FST_BGT_ARGUMENT', message: /argument 2 \(args\[1\]\.when\) cannot be stored: it is a Date/ })
  })
})

test('with memory: the process is its own worker, and closing waits for its jobs', async (t) => {
  const { app } = createBareApp(t)
  const notes = new Notes(t)
  await app.register(backgroundTasks, { tasks: queueTasks, threads: false, queue: { connection: 'memory:', backoff: 20 } })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.flaky, notes.file, 'a', 1)
    request.backgroundTasks.addTask(work.note, notes.file, 'b')
    return 'ok'
  })
  await app.inject('/')
  await app.backgroundTasks.idle()
  t.match(notes.lines, [['a', 1], ['a', 2], 'b'])
  await app.inject('/')
  await app.close()
  t.equal(notes.lines.length, 6)
})
