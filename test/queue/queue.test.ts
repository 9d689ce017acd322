import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { BackgroundTask, BackgroundTasks } from '../../lib/index.js'
import { createWorker } from '../../lib/queue/worker.js'
import * as work from '../fixtures/queue/work.js'
import { listen } from '../helpers/app.js'
import { createQueueApp, queueTasks, testOnEach, testOnOne } from '../helpers/queue.js'

testOnEach(t, 'the tasks of a request are one job, and run in order', async (t, server) => {
  const { app, notes, queue } = await createQueueApp(t, server, { queue: { worker: true } })
  app.get<{ Params: { n: string } }>('/:n', async (request) => {
    for (let i = 0; i < 5; i++) request.backgroundTasks.addTask(work.note, notes.file, [request.params.n, i])
    return 'ok'
  })
  const origin = `http://127.0.0.1:${await listen(app)}`
  await Promise.all(Array.from({ length: 20 }, async (_, n) => { t.equal((await fetch(`${origin}/${n}`)).status, 200) }))
  await app.backgroundTasks.idle()

  t.equal(await queue.getCompletedCount(), 20)
  t.equal(notes.lines.length, 100)
  for (let n = 0; n < 20; n++) {
    t.same((notes.lines as Array<[string, number]>).filter(([of]) => of === String(n)).map(([, i]) => i), [0, 1, 2, 3, 4])
  }
  t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 100, failed: 0 }, 'for the server a task is done when it is stored')
})

for (const enqueue of ['afterResponse', 'beforeResponse'] as const) {
  testOnEach(t, `closures keep their place among the tasks of a queue (${enqueue})`, async (t, server) => {
    const { app, notes, queue } = await createQueueApp(t, server, { queue: { worker: true, enqueue } })
    app.get('/', async (request) => {
      request.backgroundTasks.addTask(work.slow, notes.file, 1, 100)
      request.backgroundTasks.addTask(work.note, notes.file, 2)
      request.backgroundTasks.addTask(() => {
        notes.add(3)
        request.backgroundTasks.addTask(work.note, notes.file, 6)
      })
      request.backgroundTasks.addTask(work.slow, notes.file, 4, 20)
      request.backgroundTasks.addTask(async () => { notes.add(5) })
      return 'ok'
    })
    await app.inject('/')
    await app.backgroundTasks.idle()
    t.same(notes.lines, [1, 2, 3, 4, 5, 6])
    t.equal(await queue.getCompletedCount(), 3)
  })
}

testOnEach(t, 'a task that fails is tried again with one id, and those before it are not', async (t, server) => {
  const { app, notes, queue, log } = await createQueueApp(t, server, { queue: { worker: true } })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.note, notes.file, 'first')
    request.backgroundTasks.addTask(work.flaky, notes.file, 'second', 2)
    request.backgroundTasks.addTask(work.flakyInThread, notes.file, 'third', 1)
    return request.id
  })
  const { body: reqId } = await app.inject('/')
  await app.backgroundTasks.idle()

  const [id, other] = [1, 4].map((i) => (notes.lines[i] as [string, number, string])[2])
  t.same(notes.lines, ['first', ['second', 1, id], ['second', 2, id], ['second', 3, id], ['third', 1, other, true], ['third', 2, other, true]])
  t.not(id, other)
  t.equal(await queue.getCompletedCount(), 1)
  t.match(log.with('background task failed, and is tried again'), [
    { task: 'work.flaky', taskId: id, attempt: 1, reqId, execution: 'await', err: { message: 'failure 1 of second' } },
    { task: 'work.flaky', taskId: id, attempt: 2, reqId },
    { task: 'work.flakyInThread', taskId: other, attempt: 1, reqId, execution: 'thread', err: { type: 'TypeError' } }
  ])
})

testOnEach(t, 'a task that has used up its attempts is failed, the next one runs, and the job ends as failed', async (t, server) => {
  const { app, notes, queue, log } = await createQueueApp(t, server, { queue: { worker: true, attempts: 2 } })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.flaky, notes.file, 'hopeless', 9)
    request.backgroundTasks.addTask(work.once, notes.file)
    request.backgroundTasks.addTask(work.impatient, notes.file)
    request.backgroundTasks.addTask(work.flaky, notes.file, 'lucky', 1)
    return 'ok'
  })
  await app.inject('/')
  await app.backgroundTasks.idle()

  t.match(notes.lines, [['hopeless', 1], ['hopeless', 2], 'once', 'impatient', 'AbortError', ['lucky', 1], ['lucky', 2]])
  const [job] = await queue.getFailed()
  t.match(job?.failedReason, /^3 of 4 background tasks failed: "work\.flaky" \([0-9a-f-]{36}\): failure 2 of hopeless; "given by hand" \(.*\): never again; "work\.impatient" \(.*\): .* ran past its timeout of 50 ms/)
  t.match(log.with('background task failed').map(({ task, attempt }) => [task, attempt]), [['work.flaky', 2], ['given by hand', 1], ['work.impatient', 1]])
  t.match(log.with('the job has failed'), [{ job: job?.id, reason: /3 of 4/ }])

  const count = notes.lines.length
  await job?.retry()
  await notes.until(count + 1)
  t.match(notes.lines[count], ['hopeless', 1], 'retried by hand it begins with what had failed')
  await app.backgroundTasks.idle()
})

testOnOne(t, 'with onError "stop" nothing behind a failed task runs, in its job or behind it', async (t, server) => {
  const { app, notes, queue, log } = await createQueueApp(t, server, { queue: { worker: true, attempts: 1 }, onError: 'stop' })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.note, notes.file, 1)
    request.backgroundTasks.addTask(work.flaky, notes.file, 'fails', 9)
    request.backgroundTasks.addTask(work.note, notes.file, 2)
    request.backgroundTasks.addTask(function behind () { notes.add(3) })
    request.backgroundTasks.addTask(work.note, notes.file, 4)
    return 'ok'
  })
  await app.inject('/')
  await app.backgroundTasks.idle()
  t.match(notes.lines, [1, ['fails', 1]])
  t.equal(notes.lines.length, 2)
  t.equal(await queue.getFailedCount(), 1)
  t.match(log.with('background task failed'), [
    { task: 'work.flaky', skipped: ['work.note'] },
    { task: 'behind', skipped: ['work.note'], err: { message: /^Not run, as job .* has failed/ } }
  ])
})

testOnOne(t, 'an argument that does not survive JSON is refused in the handler, with its path', async (t, server) => {
  const { app, notes, queue } = await createQueueApp(t, server)
  app.post('/', async (request) => {
    request.backgroundTasks.addTask(work.note, notes.file, { mail: { at: [new Date()] } })
  })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.note, notes.file, { given: true, left: undefined })
  })
  const refused = await app.inject({ method: 'POST', url: '/' })
  t.equal(refused.statusCode, 500)
  t.match(refused.json(), {
    code: 'FST_BGT_ARGUMENT',
    message: 'Background task "work.note" runs on a queue, but its argument 2 (args[1].mail.at[0]) does not survive JSON: it is a Date (pass its toISOString(), and make a Date of that in the task). Pass plain data (an id, a path), and let the task look up the rest.'
  })
  await app.inject('/')
  await app.backgroundTasks.idle()
  t.equal(await queue.getWaitingCount(), 1)
})

testOnOne(t, 'an argument that is changed for the worse fails its task alone', async (t, server) => {
  const { app, notes, log } = await createQueueApp(t, server, { queue: { worker: true } })
  const late: unknown[] = []
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.note, notes.file, 1)
    request.backgroundTasks.addTask(work.note, notes.file, late)
    request.backgroundTasks.addTask(work.note, notes.file, 2)
    late.push(10n)
    return 'ok'
  })
  await app.inject('/')
  await app.backgroundTasks.idle()
  t.same(notes.lines, [1, 2])
  t.match(log.with('background task failed'), [{ task: 'work.note', err: { code: 'FST_BGT_ARGUMENT', message: /args\[1\]\[0\]\) does not survive JSON: it is 10n/ } }])
})

testOnOne(t, 'tasks of the app, of collections and with queue: false', async (t, server) => {
  const { app, notes, queue } = await createQueueApp(t, server, { queue: { worker: true } })
  app.backgroundTasks.addTask(work.note, notes.file, 1)
  await app.backgroundTasks.idle()
  app.backgroundTasks.addTask(new BackgroundTasks([new BackgroundTask(work.note, notes.file, 2), new BackgroundTask(() => { notes.add(3) })]))
  await app.backgroundTasks.idle()
  app.backgroundTasks.addTask(work.here, notes.file)
  await app.backgroundTasks.idle()
  t.same(notes.lines, [1, 2, 3, ['here', process.pid]])
  t.equal(await queue.getCompletedCount(), 2)
  t.equal(new BackgroundTask(work.note, notes.file, 1).execution, 'await')
})

testOnEach(t, 'what a server has stored, a worker in another place runs', async (t, server) => {
  const { app, notes, name } = await createQueueApp(t, server)
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.note, notes.file, 1)
    t.equal(request.backgroundTasks.tasks[0]?.execution, 'queue')
    return 'ok'
  })
  await app.inject('/')
  await app.backgroundTasks.idle()
  await app.close()
  t.same(notes.lines, [])

  const worker = await createWorker({ tasks: queueTasks, queue: { connection: server.url(), name }, threads: false })
  await notes.until(1)
  await worker.close()
  t.same(notes.lines, [1])
})

testOnEach(t, 'where no worker is there, what waits for one runs all the same', async (t, server) => {
  const { app, notes, queue } = await createQueueApp(t, server)
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.note, notes.file, 1)
    request.backgroundTasks.addTask(() => { notes.add('closure') })
    request.backgroundTasks.addTask(work.note, notes.file, 2)
    return 'ok'
  })
  await app.inject('/')
  await app.backgroundTasks.idle()
  t.same(notes.lines, ['closure'])
  t.equal(await queue.getWaitingCount(), 2)
})

testOnOne(t, 'close does not wait for workers longer than half of closeTimeout, and loses nothing', async (t, server) => {
  const { app, notes, queue, log, name } = await createQueueApp(t, server, { closeTimeout: 2_000 })
  const worker = await createWorker({ tasks: queueTasks, queue: { connection: server.url(), name }, threads: false })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.wait, notes.file, 'busy')
    request.backgroundTasks.addTask(() => { notes.add('closure') })
    request.backgroundTasks.addTask(work.note, notes.file, 2)
    return 'ok'
  })
  await app.inject('/')
  await notes.until(1)
  await app.close()
  t.same(notes.lines, ['busy begins', 'closure'].concat(notes.lines.slice(2) as string[]))
  t.same(log.errors, [])
  notes.add('go on')
  await worker.close()
  t.equal((await queue.getCompletedCount()) + (await queue.getWaitingCount()), 2)
  await sleep(0)
})
