import { randomUUID } from 'node:crypto'
import { Registry } from 'prom-client'
import t from 'tap'
import backgroundTasks from '../../lib/index.js'
import { JobLister } from '../../lib/queue/job-list.js'
import { resolveQueueOptions } from '../../lib/queue/queue-options.js'
import { createWorker } from '../../lib/worker.js'
import * as work from '../fixtures/queue/work.js'
import { createApp, createBareApp } from '../helpers/app.js'
import { createQueueApp, Network, Notes, openQueue, queueTasks, testOnEach, testOnOne } from '../helpers/queue.js'

t.test('with "memory:" the app runs its jobs itself: onTaskError, metrics and idle() know them', async (t) => {
  const register = new Registry()
  const told: unknown[] = []
  const { app, log } = await createApp(t, {
    tasks: queueTasks,
    threads: false,
    metrics: { register },
    queue: { connection: 'memory:', backoff: 1, attempts: 2 },
    onTaskError: (error, task) => { told.push([(error as Error).message, task.name]) }
  })
  const notes = new Notes(t)
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.note, notes.file, 'stored')
    request.backgroundTasks.addTask(work.flaky, notes.file, 'flaky', 1)
    request.backgroundTasks.addTask(work.once, notes.file)
    return request.id
  })
  const { body: reqId } = await app.inject('/')
  await app.backgroundTasks.idle()

  t.equal(notes.lines.length, 4)
  t.same(told, [['never again', 'given by hand']])
  t.match(log.failed, [{ task: 'given by hand', reqId, job: String }])
  t.match(log.retried, [{ reqId, attempt: 1 }])
  t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 3, failed: 0 }, 'to the app they have ended when they are stored')
  const metrics = await register.metrics()
  t.match(metrics, /^background_tasks_total\{.*execution="queue",outcome="stored"\} 1$/m)
  t.match(metrics, /^background_tasks_total\{task="given by hand",execution="await",outcome="failed"\} 1$/m)
  t.match(metrics, /^background_tasks_taken_over_total 0$/m)
})

t.test('with "memory:" shutdown finishes the jobs, and reports what has not ended within closeTimeout', async (t) => {
  const told: unknown[] = []
  const { app } = await createApp(t, { tasks: queueTasks, threads: false, closeTimeout: 100, queue: 'memory:', onTaskError: (error, task) => { told.push([(error as { code: string }).code, task.name]) } })
  const notes = new Notes(t)
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.note, notes.file, 'first')
    request.backgroundTasks.addTask(work.slow, notes.file, 'second', 2_000)
    request.backgroundTasks.addTask(work.note, notes.file, 'third')
    return 'ok'
  })
  await app.inject('/')
  await notes.until(2)
  await app.close()
  t.same(notes.lines, ['first', 'second'])
  t.same(told, [['FST_BGT_UNFINISHED', 'work.slow'], ['FST_BGT_UNFINISHED', 'work.note']])
})

t.test('a queue without task modules is refused', async (t) => {
  const { app } = createBareApp(t)
  const { default: backgroundTasks } = await import('../../lib/index.js')
  await t.rejects(async () => { await app.register(backgroundTasks, { queue: 'memory:' }) }, { code: 'FST_BGT_INVALID_OPTION', message: /"tasks": it must name the task modules/ })
})

testOnOne(t, 'an async task that blocks a worker is named in a warning', async (t, server) => {
  const { app, notes, name } = await createQueueApp(t, server)
  const { app: { log: logger }, log } = createBareApp(t, { logger: { level: 'info' } })
  const worker = await createWorker({ tasks: queueTasks, queue: { connection: server.url(), name }, threads: false, blockedWarning: 30, completedLevel: 'info', logger })
  t.teardown(() => worker.close())
  app.backgroundTasks.addTask(work.blockAsync, notes.file, 200)
  await notes.until(1)
  while (log.lines.filter(({ level }) => level === 40).length === 0 || log.completed.length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
  t.match(log.lines.filter(({ level }) => level === 40), [{ tasks: ['work.blockAsync'], msg: /^background task "work\.blockAsync" blocked the event loop for \d+ ms, and with it the other jobs/ }])
  t.match(log.completed, [{ task: 'work.blockAsync', execution: 'await', level: 30 }])
})

testOnOne(t, 'a worker in the app waits for a server that is unavailable, and can be closed while it waits', async (t, server) => {
  const network = await Network.create(t, server)
  network.cut()
  const { app, log } = await createQueueApp(t, server, { queue: { connection: server.url(network.port), worker: true } })
  await app.ready()
  t.equal(log.lines.filter(({ level, msg }) => level === 40 && /unavailable/.test(msg)).length, 2, 'one line of the store, one of the worker')
  network.mend()
  while (log.with('worker started').length === 0) await new Promise((resolve) => setTimeout(resolve, 20))

  const second = await Network.create(t, server)
  second.cut()
  const waiting = await createQueueApp(t, server, { queue: { connection: server.url(second.port), worker: true } })
  await waiting.app.ready()
  await waiting.app.close()
  t.same(waiting.log.with('worker started'), [])
})

testOnOne(t, 'a logger that throws keeps neither the queue nor a worker from going on', async (t, server) => {
  const network = await Network.create(t, server)
  const notes = new Notes(t)
  const name = `test-${randomUUID()}`
  let isBroken = false
  const { app } = createBareApp(t, {
    disableRequestLogging: true,
    logger: { mixin () { if (isBroken) throw new Error('the mixin is broken'); return {} } }
  })
  await app.register(backgroundTasks, { tasks: queueTasks, queue: { connection: server.url(network.port), name, worker: true } })
  app.get('/:n', async ({ backgroundTasks, params }) => { backgroundTasks.addTask(work.note, notes.file, (params as { n: string }).n) })
  await app.ready()
  isBroken = true
  network.cut()
  await app.inject('/away')
  await notes.until(1)
  network.mend()
  const bull = openQueue(t, server, name)
  while ((await bull.getJobCounts('completed')).completed === 0) {
    await app.inject('/back')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  isBroken = false
  t.equal(notes.lines[0], 'away')
})

testOnEach(t, 'a job that the server refuses runs in the process, and the others are stored', async (t, server) => {
  const { app, log, notes, queue } = await createQueueApp(t, server)
  const changed = { text: 'a', toJSON: undefined as unknown }
  app.get<{ Params: { which: string } }>('/:which', async (request) => {
    request.backgroundTasks.addTask(work.note, notes.file, request.params.which === 'refused' ? changed : request.params.which)
    if (request.params.which === 'refused') changed.toJSON = () => { throw new Error('changed after it was added') }
    return 'ok'
  })
  await Promise.all(['stored', 'refused', 'stored, too'].map(async (which) => await app.inject(`/${which}`)))
  await app.backgroundTasks.idle()
  t.match(log.lines.filter(({ level }) => level === 40), [{ msg: `${server.name} refused to store a job of background tasks` }])
  t.match(log.failed, [{ task: 'work.note', execution: 'await', err: { message: 'changed after it was added' } }], 'it ran here, and failed of the same')
  t.equal(await queue.getWaitingCount(), 2)
})

t.test('a worker without task modules, and one on a queue in memory, are refused', async (t) => {
  await t.rejects(createWorker({ queue: 'redis://127.0.0.1' } as never), { code: 'FST_BGT_INVALID_OPTION', message: /"tasks": it must name the task modules/ })
  await t.rejects(createWorker({ tasks: queueTasks, queue: 'memory:' }), { code: 'FST_BGT_INVALID_OPTION', message: /"memory:" is a queue within one process/ })
  await t.rejects(createWorker({ tasks: queueTasks } as never), { code: 'FST_BGT_INVALID_OPTION', message: /"queue\.connection"/ })
})

testOnOne(t, 'a worker that has no logger says nothing, and lists and retries of failed jobs are for the command line', async (t, server) => {
  const { app, notes, name } = await createQueueApp(t, server)
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.once, notes.file)
    return request.backgroundTasks.tasks.map(({ execution }) => execution)
  })
  t.same((await app.inject('/')).json(), ['queue'])
  const worker = await createWorker({ tasks: queueTasks, queue: { connection: server.url(), name } })
  t.teardown(() => worker.close())
  await notes.until(1)
  const lister = await JobLister.load(resolveQueueOptions({ connection: server.url(), name }))
  while ((await lister.jobs()).failed === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  const { failures: [failure], ...counts } = await lister.jobs()
  t.same(counts, { waiting: 0, active: 0, delayed: 0, completed: 0, failed: 1 })
  t.match(failure, { id: String, name: 'given by hand', reason: /never again/, failedAt: Date })
  t.equal(await lister.retry({ id: 'none' }), 0)
  t.equal(await lister.retry({ id: failure!.id }), 1)
  await notes.until(2)
  while ((await lister.jobs()).failed === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  t.equal(await lister.retry('all'), 1)
  await notes.until(3)
})
