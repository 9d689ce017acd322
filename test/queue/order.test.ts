import { mock } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { BackgroundTask, BackgroundTasks } from '../../lib/index.js'
import { createWorker } from '../../lib/queue/worker.js'
import * as work from '../fixtures/queue/work.js'
import { createQueueApp, Network, queueTasks, testOnEach, testOnOne } from '../helpers/queue.js'

for (const enqueue of ['afterResponse', 'beforeResponse'] as const) {
  testOnOne(t, `what comes after a collection waits for those of its tasks that workers have (${enqueue})`, async (t, server) => {
    const { app, notes } = await createQueueApp(t, server, { queue: { worker: true, enqueue } })
    app.get('/', async (request) => {
      const inner = new BackgroundTasks([new BackgroundTask(work.slow, notes.file, 1, 100)])
      request.backgroundTasks.addTask(new BackgroundTasks([inner, new BackgroundTask(work.slow, notes.file, 2, 100)]))
      request.backgroundTasks.addTask(() => { notes.add(3) })
      request.backgroundTasks.addTask(new BackgroundTasks([new BackgroundTask(work.slow, notes.file, 4, 100)]))
      request.backgroundTasks.addTask(work.note, notes.file, 5)
      return 'ok'
    })
    await app.inject('/')
    await app.backgroundTasks.idle()
    t.same(notes.lines, [1, 2, 3, 4, 5])
  })
}

testOnOne(t, 'with onError "stop" nothing runs behind a collection of which a worker had a task fail', async (t, server) => {
  const { app, notes } = await createQueueApp(t, server, { queue: { worker: true, attempts: 1 }, onError: 'stop' })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(new BackgroundTasks([new BackgroundTask(work.flaky, notes.file, 'fails', 9)]))
    request.backgroundTasks.addTask(() => { notes.add('behind') })
    return 'ok'
  })
  await app.inject('/')
  await app.backgroundTasks.idle()
  t.match(notes.lines, [['fails', 1]])
  t.equal(notes.lines.length, 1)
})

testOnEach(t, 'an app that closes under load keeps the order, as its worker goes on as long as tasks wait for it', async (t, server) => {
  const { app, notes, log } = await createQueueApp(t, server, { queue: { worker: true } })
  const warnings: Error[] = []
  const warned = (warning: Error) => { warnings.push(warning) }
  process.on('warning', warned)
  t.teardown(() => process.off('warning', warned))
  app.get<{ Params: { n: string } }>('/:n', async (request) => {
    const { n } = request.params
    request.backgroundTasks.addTask(work.slow, notes.file, [n, 1], 50)
    request.backgroundTasks.addTask(() => { notes.add([n, 2]) })
    return 'ok'
  })
  await Promise.all(Array.from({ length: 40 }, async (_, n) => await app.inject(`/${n}`)))
  const start = performance.now()
  await app.close()
  t.ok(performance.now() - start < 4_000, 'sooner than after half of closeTimeout')
  for (let n = 0; n < 40; n++) {
    t.same((notes.lines as Array<[string, number]>).filter(([of]) => of === String(n)).map(([, i]) => i), [1, 2])
  }
  t.same(log.errors, [])
  t.same(warnings, [], 'no warning of too many listeners')
})

testOnOne(t, 'where another plugin\'s onSend hook fails behind ours, tasks are not stored once more', async (t, server) => {
  const { app, notes, queue } = await createQueueApp(t, server, { queue: { enqueue: 'beforeResponse' } })
  app.addHook('onSend', async (_request, reply) => {
    if (reply.statusCode === 200) throw new Error('of another plugin')
  })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.note, notes.file, 1)
    return 'ok'
  })
  t.equal((await app.inject('/')).statusCode, 500)
  await app.backgroundTasks.idle()
  t.equal(await queue.getWaitingCount(), 1)
})

for (const first of ['a closure', 'a worker\'s'] as const) {
  testOnOne(t, `with onError "stop" what was stored before the response does not run behind a failed task (${first})`, async (t, server) => {
    const { app, notes, queue, log } = await createQueueApp(t, server, { queue: { worker: true, attempts: 1, enqueue: 'beforeResponse' }, onError: 'stop' })
    app.get('/', async (request) => {
      if (first === 'a worker\'s') request.backgroundTasks.addTask(work.flaky, notes.file, 'fails', 9)
      request.backgroundTasks.addTask(async function fails () { throw new Error('fails') })
      request.backgroundTasks.addTask(work.note, notes.file, 'behind')
      request.backgroundTasks.addTask(new BackgroundTasks([new BackgroundTask(work.note, notes.file, 'within')]))
      return 'ok'
    })
    t.equal((await app.inject('/')).statusCode, 200)
    await app.backgroundTasks.idle()
    t.match(log.with('background task failed').at(-1), { task: 'fails', skipped: ['work.note', 'BackgroundTasks'] })
    while (await queue.getJobCountByTypes('waiting', 'delayed', 'active') > 0) await sleep(10)
    t.equal(notes.lines.length, first === 'a closure' ? 0 : 1)
  })
}

const fails = (): BackgroundTask => new BackgroundTask(work.flaky, '/dev/null', 'fails', 9)
const behind = (file: string): BackgroundTask => new BackgroundTask(work.note, file, 'behind')
const within = (task: BackgroundTask): BackgroundTasks => new BackgroundTasks([task])
const failures: Array<[what: string, (file: string) => BackgroundTask[]]> = [
  ['a collection behind a task', (file) => [fails(), within(behind(file))]],
  ['a task behind a collection', (file) => [within(fails()), behind(file), behind(file)]],
  ['a collection behind another', (file) => [within(fails()), within(behind(file))]]
]
for (const [what, tasksIn] of failures) {
  testOnOne(t, `with onError "stop" what was stored before the response does not run where a worker has failed: ${what}`, async (t, server) => {
    const { app, notes, queue } = await createQueueApp(t, server, { queue: { worker: true, attempts: 1, enqueue: 'beforeResponse' }, onError: 'stop' })
    app.get('/', async (request) => {
      for (const task of tasksIn(notes.file)) request.backgroundTasks.addTask(task)
      return 'ok'
    })
    t.equal((await app.inject('/')).statusCode, 200)
    await app.backgroundTasks.idle()
    while (await queue.getJobCountByTypes('waiting', 'delayed', 'active') > 0) await sleep(10)
    t.same(notes.lines, [])
  })
}

testOnOne(t, 'with onError "stop" what was stored before the response does not run behind a task that could not be', async (t, server) => {
  const { app, notes, queue } = await createQueueApp(t, server, { queue: { worker: true, enqueue: 'beforeResponse' }, onError: 'stop' })
  const late: unknown[] = []
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.note, notes.file, late)
    request.backgroundTasks.addTask(work.note, notes.file, 'behind')
    late.push(10n)
    return 'ok'
  })
  t.equal((await app.inject('/')).statusCode, 200)
  await app.backgroundTasks.idle()
  t.equal(await queue.getJobCountByTypes('waiting', 'delayed', 'active', 'completed'), 0)
  t.same(notes.lines, [])
})

testOnEach(t, 'what is taken back while the server is away is so when it is back', async (t, server) => {
  const network = await Network.create(t, server)
  const { app, notes, queue, log } = await createQueueApp(t, server, { queue: { connection: server.url(network.port), enqueue: 'beforeResponse' }, onError: 'stop' })
  let fail = (_error: Error): void => {}
  const failing = new Promise<void>((_resolve, reject) => { fail = reject })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(async () => { await failing })
    request.backgroundTasks.addTask(work.note, notes.file, 'behind')
    return 'ok'
  })
  t.equal((await app.inject('/')).statusCode, 200)
  t.equal(await queue.getDelayedCount(), 1)
  network.cut()
  t.equal((await app.inject('/')).statusCode, 503)
  fail(new Error('fails'))
  await app.backgroundTasks.idle()
  network.mend()
  while (log.with('the queue\'s server is back').length === 0) await sleep(10)
  t.equal(await queue.getDelayedCount(), 0)
})

testOnEach(t, 'an app that closes lets go first of the jobs whose turn has come', async (t, server) => {
  const { app, notes, queue } = await createQueueApp(t, server, { queue: { enqueue: 'beforeResponse' } })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(async () => { await sleep(100) })
    request.backgroundTasks.addTask(work.note, notes.file, 1)
    return 'ok'
  })
  await app.inject('/')
  await app.close()
  t.match(await queue.getJobCounts('waiting', 'delayed'), { waiting: 1, delayed: 0 })
})

testOnOne(t, 'what a handler runs by itself while the server is away runs here, all of it, and is no 503', async (t, server) => {
  const network = await Network.create(t, server)
  const { app, notes } = await createQueueApp(t, server, { queue: { connection: server.url(network.port), enqueue: 'beforeResponse' } })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.slow, notes.file, 1, 100)
    request.backgroundTasks.addTask(work.note, notes.file, 2)
    if (request.headers.run !== undefined) request.backgroundTasks.run().catch(() => {})
    await new Promise(setImmediate)
    return 'ok'
  })
  network.cut()
  while ((await app.inject('/')).statusCode !== 503) await sleep(10)
  const { length } = notes.lines
  t.equal((await app.inject({ url: '/', headers: { run: 'yes' } })).statusCode, 200)
  await app.backgroundTasks.idle()
  t.same(notes.lines.slice(length), [1, 2])
})

testOnOne(t, 'with onError "stop" in a collection within, what it has stored before the response does not run behind its failed task', async (t, server) => {
  const { app, notes, queue } = await createQueueApp(t, server, { queue: { worker: true, enqueue: 'beforeResponse' } })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(new BackgroundTasks([
      new BackgroundTask(async () => { throw new Error('fails') }),
      new BackgroundTask(work.note, notes.file, 'behind')
    ], { onError: 'stop' }))
    request.backgroundTasks.addTask(work.note, notes.file, 'after')
    return 'ok'
  })
  await app.inject('/')
  await app.backgroundTasks.idle()
  await notes.until(1)
  while (await queue.getJobCountByTypes('waiting', 'delayed', 'active') > 0) await sleep(10)
  t.same(notes.lines, ['after'])
})

testOnOne(t, 'what a handler has run by itself is stored once, and in order (beforeResponse)', async (t, server) => {
  const { app, notes, queue } = await createQueueApp(t, server, { queue: { worker: true, enqueue: 'beforeResponse' } })
  let stored = 0
  app.addHook('onSend', async () => { stored = await queue.getJobCountByTypes('waiting', 'delayed', 'active', 'completed') })
  app.get('/queued', async (request) => {
    request.backgroundTasks.addTask(work.note, notes.file, 1)
    request.backgroundTasks.addTask(work.note, notes.file, 2)
    request.backgroundTasks.run().catch(() => {})
    return 'ok'
  })
  app.get('/begun', async (request) => {
    request.backgroundTasks.addTask(work.note, notes.file, 3)
    request.backgroundTasks.run().catch(() => {})
    await new Promise(setImmediate)
    return 'ok'
  })
  app.get('/closure', async (request) => {
    request.backgroundTasks.addTask(async () => {
      await sleep(200)
      notes.add(4)
    })
    request.backgroundTasks.addTask(work.note, notes.file, 5)
    request.backgroundTasks.run().catch(() => {})
    await sleep(0)
    return 'ok'
  })
  for (const [i, path] of ['/queued', '/begun'].entries()) {
    await app.inject(path)
    t.equal(stored, i + 1)
    await app.backgroundTasks.idle()
  }
  await app.inject('/closure')
  await notes.until(5)
  while (await queue.getJobCountByTypes('waiting', 'delayed', 'active') > 0) await sleep(10)
  t.same(notes.lines, [1, 2, 3, 4, 5])
  t.equal(await queue.getCompletedCount(), 3)
})

testOnEach(t, 'a job that was stored before its turn is kept from workers as long as its process lives', async (t, server) => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => { mock.timers.reset() })
  const { app, notes, queue } = await createQueueApp(t, server, { queue: { enqueue: 'beforeResponse' } })
  let open = (): void => {}
  const gate = new Promise<void>((resolve) => { open = resolve })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(async () => {
      await gate
      notes.add(1)
    })
    request.backgroundTasks.addTask(work.note, notes.file, 2)
    return 'ok'
  })
  await app.inject('/')
  const [job] = await queue.getDelayed()
  await job?.changeDelay(500) // as if its minute were nearly over
  mock.timers.tick(30_000)
  mock.timers.reset()
  await sleep(200)
  const worker = await createWorker({ tasks: queueTasks, queue: { connection: server.url(), name: queue.name }, threads: false })
  t.teardown(async () => { await worker.close() })
  await sleep(1_000)
  t.same(notes.lines, [])
  open()
  await notes.until(2)
  t.same(notes.lines, [1, 2])
})
