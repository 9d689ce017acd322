import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { BackgroundTask, BackgroundTasks, defineTask, loadTasks, taskContext, type TaskFunction } from '../lib/index.js'
import * as context from './fixtures/tasks/context.js'
import * as work from './fixtures/tasks/work.js'
import { createApp } from './helpers/app.js'
import { createNotes, notesIn } from './helpers/notes.js'
import { createThreadApp, tasks } from './helpers/threads.js'

t.before(() => loadTasks(tasks))

const createTries = () => new Int32Array(new SharedArrayBuffer(4))
const stubborn: Array<[string, TaskFunction]> = [
  ['await', context.stubbornAsync],
  ['inline', context.stubbornInline],
  ['thread', context.stubborn]
]

for (const [execution, func] of stubborn) {
  t.test(`a task is tried again until it succeeds, and those behind it wait (${execution})`, async (t) => {
    const { app, log } = await createThreadApp(t)
    const tries = createTries()
    const notes = createNotes()
    app.get('/', async (request) => {
      request.backgroundTasks.addTask(work.note, notes, 1)
      request.backgroundTasks.addTask(func, tries, 2)
      request.backgroundTasks.addTask((n: number) => { notes[Atomics.add(notes, 0, 1) + 1] = n * 10 + tries[0]! }, 2)
      request.backgroundTasks.addTask(work.note, notes, 3)
      return 'ok'
    })
    await app.inject('/')
    await app.backgroundTasks.idle()

    t.equal(tries[0], 3)
    t.same(notesIn(notes), [1, 23, 3])
    t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 4, failed: 0 })
    const retried = log.retried
    t.match(retried, [
      { level: 40, execution, attempt: 1, err: { message: 'failure 1' }, durationMs: Number, waitMs: Number },
      { level: 40, execution, attempt: 2, err: { message: 'failure 2' } }
    ])
    t.match(log.completed.filter(({ task }) => task.includes('stubborn')), [{ execution, attempt: 3, taskId: retried[0]?.taskId }])
    t.same(log.errors, [])
    t.equal(retried[0]?.taskId, retried[1]?.taskId, 'it is the same task')
    t.ok(log.lines.at(-1)!.time - retried[0]!.time >= 300, 'it waits for 100 ms, then for 200 ms')
  })

  t.test(`a task that fails each time fails once, with its last error, and those behind it run (${execution})`, async (t) => {
    const { app, log } = await createThreadApp(t)
    const tries = createTries()
    const notes = createNotes()
    app.get<{ Params: { onError: 'continue' | 'stop' } }>('/', async (request) => {
      request.backgroundTasks.addTask(func, tries, 9)
      request.backgroundTasks.addTask(work.note, notes, 1)
      return 'ok'
    })
    await app.inject('/')
    await app.backgroundTasks.idle()

    t.equal(tries[0], 3)
    t.same(notesIn(notes), [1])
    t.match(log.failed, [{ execution, attempt: 3, err: { message: 'failure 3' } }])
    t.match(app.backgroundTasks, { completed: 1, failed: 1 })
  })

  t.test(`without an app a task is tried again, too (${execution})`, async (t) => {
    t.equal(await new BackgroundTask(func, createTries(), 2)(), 3, 'its third attempt')
    await t.rejects(new BackgroundTask(func, createTries(), 9)(), { message: 'failure 3' })
  })
}

t.test('with onError "stop" those behind a task run when a retry has succeeded, and not when none has', async (t) => {
  for (const [failures, ran] of [[2, [1, 2]], [9, [1]]] as const) {
    const notes = createNotes()
    const tasks = new BackgroundTasks(null, { onError: 'stop' })
    tasks.addTask(work.note, notes, 1)
    tasks.addTask(context.stubborn, createTries(), failures)
    tasks.addTask(work.note, notes, 2)
    await tasks().catch(() => {})
    t.same(notesIn(notes), ran)
  }
})

t.test('a crash and a timeout are tried again, an argument that cannot be cloned is not', async (t) => {
  const { app, log } = await createThreadApp(t, { retries: 1 })
  const tries = createTries()
  const notes = createNotes()
  const begun: number[] = []
  app.backgroundTasks.addTask(context.crashing, tries)
  app.backgroundTasks.addTask(defineTask(async function slow () {
    begun.push(taskContext()!.attempt)
    if (begun.length === 1) await new Promise(() => {})
  }, { timeout: 30 }))
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(context.stubbornWithFunction, [() => {}])
    request.backgroundTasks.addTask(work.note, notes, 1)
    return 'ok'
  })
  await app.inject('/')
  await app.backgroundTasks.idle()

  t.equal(tries[0], 3)
  t.same(begun, [1, 2])
  t.same(notesIn(notes), [1])
  t.match(log.failed, [{ task: 'context.stubbornWithFunction', attempt: 1, err: { code: 'FST_BGT_ARGUMENT' } }])
  t.match(app.backgroundTasks, { completed: 3, failed: 1 })
})

t.test('the app\'s retries hold for tasks that do not say otherwise', async (t) => {
  const { app } = await createApp(t, { retries: 1 })
  let [unsaid, none] = [0, 0]
  app.backgroundTasks.addTask(async () => { unsaid++; throw new TypeError('a type error is an error') })
  app.backgroundTasks.addTask(defineTask(async () => { none++; throw new Error('never again') }, { retries: 0 }))
  app.backgroundTasks.addTask(new BackgroundTasks([new BackgroundTask(async () => { unsaid++; throw 'no error' })])) // eslint-disable-line no-throw-literal
  await app.backgroundTasks.idle()
  t.same([unsaid, none], [4, 1])
})

t.test('a task that another one runs is tried again, and logged as its', async (t) => {
  const { app, log } = await createApp(t)
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(async function outer () { await new BackgroundTask(context.stubbornAsync, createTries(), 1)() })
    return request.id
  })
  const { body: reqId } = await app.inject('/')
  await app.backgroundTasks.idle()
  t.match(log.retried, [{ reqId, task: 'context.stubbornAsync', attempt: 1 }])
  t.equal(app.backgroundTasks.completed, 1)
})

t.test('a task that waits to be tried again is pending', async (t) => {
  const { app } = await createApp(t, { retries: 1 })
  app.backgroundTasks.addTask(async () => { if (taskContext()!.attempt === 1) throw new Error('once') })
  await sleep(50)
  t.match(app.backgroundTasks, { pending: 1, running: 0 })
  await app.close()
  t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 1, failed: 0 }, 'close waits for it')
})

t.test('what a response discards does not run, also where a task before it is being tried again', async (t) => {
  const { app, log } = await createThreadApp(t, { runOn: 'success' })
  const tries = createTries()
  const notes = createNotes()
  app.get('/', async (request, reply) => {
    request.backgroundTasks.addTask(context.stubborn, tries, 2)
    request.backgroundTasks.addTask(work.note, notes, 1)
    request.backgroundTasks.run()
    while (log.retried.length === 0) await sleep(5)
    return reply.code(500).send('no')
  })
  await app.inject('/')
  await app.backgroundTasks.idle()

  t.equal(tries[0], 3)
  t.match(app.backgroundTasks, { completed: 1, failed: 0 })
  t.match(log.with('background tasks discarded: the response was not successful, and runOn is "success"'), [{ tasks: ['work.note'] }])

  app.backgroundTasks.addTask(work.note, notes, 2)
  await app.backgroundTasks.idle()
  t.same(notesIn(notes), [2], 'the thread has not had it')
})

t.test('what is still at work when closeTimeout has passed is not tried again, however it ends', async (t) => {
  const { app, log } = await createApp(t, { retries: 3, closeTimeout: 100 })
  const ended: string[] = []
  async function deaf () {
    await sleep(300)
    ended.push('deaf')
  }
  async function heedful () {
    await sleep(60_000, undefined, { signal: taskContext()!.signal }).finally(() => { ended.push('heedful') })
  }
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(heedful)
    return 'ok'
  })
  app.backgroundTasks.addTask(deaf)
  await app.inject('/')
  await app.close()
  while (ended.length < 2) await sleep(10)
  await sleep(10)
  t.same(log.retried, [])
  t.match(app.backgroundTasks, { completed: 0, failed: 2 })
})

t.test('close does not wait for retries longer than closeTimeout', async (t) => {
  const { app, log } = await createApp(t, { retries: 20, closeTimeout: 500 })
  let tries = 0
  async function hopeless () {
    tries++
    throw new Error('hopeless')
  }
  app.backgroundTasks.addTask(hopeless)
  app.backgroundTasks.addTask(new BackgroundTasks([new BackgroundTask(hopeless)]))
  await app.close()
  t.match(log.unfinished, [
    { task: 'hopeless', state: 'waiting' }, { task: 'BackgroundTasks' }
  ])
  const before = tries
  await sleep(1_500)
  t.equal(tries, before, 'there is no other attempt')
  t.same(log.errors.length, 2)
})
