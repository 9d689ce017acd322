import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { BackgroundTask, BackgroundTasks } from '../../lib/index.js'
import * as work from '../fixtures/queue/work.js'
import { listen } from '../helpers/app.js'
import { createQueueApp, Network, testOnEach, testOnOne } from '../helpers/queue.js'

testOnOne(t, 'a reply that gives way to a 503 lets go of its stream, and keeps no status of its own', async (t, server) => {
  const network = await Network.create(t, server)
  const { app, notes } = await createQueueApp(t, server, { queue: { connection: server.url(network.port), enqueue: 'beforeResponse' } })
  const released: string[] = []
  const web = (name: string) => new ReadableStream({ cancel () { released.push(name) } })
  app.addHook('preHandler', async (request) => { request.backgroundTasks.addTask(work.note, notes.file, request.url) })
  app.get('/node', async () => new Readable({ read () {}, destroy (error, done) { released.push('node'); done(error) } }))
  app.get('/web', async () => web('web'))
  app.get('/response', async () => new Response(web('response')))
  app.get('/locked', async () => {
    const stream = web('locked')
    stream.getReader()
    return stream
  })
  app.get('/empty', async (_request, reply) => await reply.code(204).send())
  app.get('/fails', async () => { throw new Error('of its own') })
  app.get('/bad', async (_request, reply) => await reply.code(400).send({ wrong: true }))
  const origin = `http://127.0.0.1:${await listen(app)}`

  network.cut()
  for (const path of ['node', 'web', 'response', 'locked', 'empty', 'fails', 'bad', 'missing']) {
    const response = await fetch(`${origin}/${path}`)
    t.equal(response.status, 503, path)
    t.match(await response.json(), { statusCode: 503, code: 'FST_BGT_QUEUE_UNAVAILABLE' })
  }
  t.same(released, ['node', 'web', 'response'])
  t.same(notes.lines, [])
})

testOnEach(t, 'where the server takes some of a request\'s jobs and refuses another, none is left on the queue', async (t, server) => {
  const { app, notes, queue } = await createQueueApp(t, server, { closeTimeout: 200, queue: { enqueue: 'beforeResponse' } })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.note, notes.file, 1)
    request.backgroundTasks.addTask(() => { notes.add('closure') })
    request.backgroundTasks.addTask(work.note, notes.file, '\u0000')
    return 'ok'
  })
  const { statusCode } = await app.inject('/')
  const countJobs = async (): Promise<number> => await queue.getJobCountByTypes('waiting', 'delayed', 'active')
  if (server.name === 'Redis') {
    t.equal(statusCode, 200, 'it takes any character')
    t.equal(await countJobs(), 2)
    return
  }
  t.equal(statusCode, 503)
  while (await countJobs() > 0) await sleep(10)
  t.same(notes.lines, [])
})

testOnOne(t, 'an argument that is changed for the worse fails its task alone, and the reply is as it is', async (t, server) => {
  const { app, notes, queue, log } = await createQueueApp(t, server, { queue: { enqueue: 'beforeResponse', worker: true } })
  const late: unknown[] = []
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.note, notes.file, 1)
    request.backgroundTasks.addTask(work.note, notes.file, late)
    late.push(10n)
    return 'ok'
  })
  t.equal((await app.inject('/')).statusCode, 200)
  await app.backgroundTasks.idle()
  t.same(notes.lines, [1])
  t.equal(await queue.getCompletedCount(), 1)
  t.match(log.with('background task failed'), [{ err: { code: 'FST_BGT_ARGUMENT' } }])
})

testOnEach(t, 'large arguments travel in several goes, so that the server answers in time', async (t, server) => {
  const { app, queue, log } = await createQueueApp(t, server)
  const megabyte = 'x'.repeat(1 << 20)
  for (let i = 0; i < 300; i++) app.backgroundTasks.addTask(work.note, '', megabyte)
  await app.backgroundTasks.idle()
  t.equal(await queue.getWaitingCount(), 300)
  t.same(log.lines.filter(({ level }) => level >= 40), [])
})

testOnEach(t, 'jobs of which the server could not say that it has them are taken back', async (t, server) => {
  const network = await Network.create(t, server)
  const { app, notes, queue, log } = await createQueueApp(t, server, { queue: { connection: server.url(network.port), enqueue: 'beforeResponse' } })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.note, notes.file, 1)
    return 'ok'
  })
  network.mute()
  const replies = await Promise.all([app.inject('/'), app.inject('/')])
  t.same(replies.map(({ statusCode }) => statusCode), [503, 503])
  if (server.name === 'Redis') t.equal(await queue.getWaitingCount(), 2, 'it has them all the same')
  network.mend()
  while (log.with('the queue\'s server is back').length === 0) await sleep(20)
  t.equal(await queue.getWaitingCount(), 0)
  t.same(notes.lines, [])
})

testOnEach(t, 'where the connection is lost again while they are taken back, it is opened once more, and they are taken back then', async (t, server) => {
  const network = await Network.create(t, server)
  const { app, notes, queue } = await createQueueApp(t, server, { queue: { connection: server.url(network.port), enqueue: 'beforeResponse' } })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.note, notes.file, 1)
    return 'ok'
  })
  network.mute()
  t.equal((await app.inject('/')).statusCode, 503)
  network.mendUntil(server.name === 'Redis' ? (await queue.getWaiting())[0]!.id! : 'SELECT remove($1')
  while (network.isToBreak) await sleep(10)
  while ((await app.inject('/')).statusCode !== 200) await sleep(50)
  while (await queue.getWaitingCount() > 1) await sleep(10)
  t.equal(await queue.getWaitingCount(), 1, 'that of the request that was answered')
})

testOnOne(t, 'tasks of a collection within are stored before the response, too; and where they cannot be, none runs', async (t, server) => {
  const network = await Network.create(t, server)
  const { app, notes, queue, log } = await createQueueApp(t, server, { queue: { connection: server.url(network.port), enqueue: 'beforeResponse' } })
  const stored: number[] = []
  app.addHook('onSend', async () => { stored.push(await queue.getJobCountByTypes('waiting', 'delayed')) })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(() => { notes.add('closure') })
    request.backgroundTasks.addTask(new BackgroundTasks([
      new BackgroundTask(() => { notes.add('within') }),
      new BackgroundTasks([new BackgroundTask(work.note, notes.file, 1)])
    ]))
    return 'ok'
  })
  t.equal((await app.inject('/')).statusCode, 200)
  t.same(stored, [1])
  await app.backgroundTasks.idle()
  t.same(notes.lines, ['closure', 'within'])
  while (await queue.getWaitingCount() < 1) await sleep(10)
  t.equal(await queue.getDelayedCount(), 0, 'stored once')
  const { length } = notes.lines

  network.cut()
  const response = await app.inject('/')
  t.match(response.json(), { statusCode: 503, code: 'FST_BGT_QUEUE_UNAVAILABLE' })
  await app.backgroundTasks.idle()
  t.equal(notes.lines.length, length)
  t.same(log.errors.filter(({ msg }) => /unfinished/.test(String(msg))), [])
})

testOnOne(t, 'with runOn "success" the jobs of a client that leaves before its response are taken back', async (t, server) => {
  const { app, notes, queue, log } = await createQueueApp(t, server, { runOn: 'success', queue: { enqueue: 'beforeResponse' } })
  app.addHook('onSend', async (request) => {
    t.equal(await queue.getWaitingCount(), 1)
    request.raw.socket.destroy()
    await sleep(50)
  })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.note, notes.file, 1)
    return 'ok'
  })
  await t.rejects(fetch(`http://127.0.0.1:${await listen(app)}`))
  while (log.with('background tasks discarded: runOn is "success"').length === 0) await sleep(10)
  while (await queue.getWaitingCount() > 0) await sleep(10)
})
