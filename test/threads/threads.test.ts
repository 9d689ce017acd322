import { threadId } from 'node:worker_threads'
import t from 'tap'
import { BackgroundTask, BackgroundTasks, loadTasks } from '../../lib/index.js'
import * as work from '../fixtures/tasks/work.js'
import { listen } from '../helpers/app.js'
import { createGate, createNotes, notesIn } from '../helpers/notes.js'
import { createThreadApp, tasks } from '../helpers/threads.js'

t.before(() => loadTasks(tasks))
t.teardown(() => new BackgroundTask(work.exit, 0)().catch(() => {}))

t.test('a plain function of a task module runs in a thread, while the server goes on answering', async (t) => {
  const { app } = await createThreadApp(t)
  const { gate, reached, open } = createGate()
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.block, gate)
    return 'ok'
  })
  app.get('/ping', async () => 'pong')
  const origin = `http://127.0.0.1:${await listen(app)}`

  t.equal(await (await fetch(origin)).text(), 'ok')
  await reached()
  t.equal(await (await fetch(`${origin}/ping`)).text(), 'pong')
  t.match(app.backgroundTasks, { pending: 0, running: 1, completed: 0, failed: 0 })
  open()
  await app.backgroundTasks.idle()
  t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 1, failed: 0 })
})

t.test('a task resolves to what its function returned in the thread', async (t) => {
  const value = { date: new Date(0), map: new Map([[1, new Set([2])]]), bytes: Buffer.from('abc').buffer, error: new RangeError('kept') }

  t.equal(await new BackgroundTask(work.add, 20, 22)(), 42)
  t.not(await new BackgroundTask(work.whichThread)(), threadId)
  t.same(await new BackgroundTask(work.identity, value)(), value)
  t.equal(await new BackgroundTask(work.identity, undefined)(), undefined)
  t.equal(await new BackgroundTask(work.identity, null)(), null)
  t.equal(await new BackgroundTask(work.after, 5)(), 'after', 'a promise is awaited')
})

t.test('an error comes from the thread with its class, code, fields and cause', async (t) => {
  const run = (how: string) => new BackgroundTask(work.fail, how)().then(() => t.fail('it must fail'), (error) => error)

  const typeError = await run('not like this')
  t.ok(typeError instanceof TypeError)
  t.match(typeError, { name: 'TypeError', message: 'not like this', stack: /fixtures[\\/]tasks[\\/]work/ })
  const own = await run('own class')
  t.ok(own instanceof Error)
  t.match(own, { name: 'PaymentError', message: 'refused', code: 'E_PAYMENT', cause: { name: 'RangeError', message: 'no money' } })
  t.ok(own.cause instanceof RangeError)
  await t.rejects(new BackgroundTask(work.rejectAfter, 1)(), { name: 'RangeError', message: 'rejected' })
  t.match(await run('aggregate'), { name: 'AggregateError', message: 'both', errors: [{ name: 'TypeError', message: 'one' }, 'two'] })
  t.equal(await run('no error'), 'a string')
  t.match(await run('no clone'), /=>/)
  t.equal(await run('getter'), 'an error that cannot be read: one of its getters throws')
})

t.test('tasks of one collection keep their order across executions, those that are added by a task included', async (t) => {
  const { app } = await createThreadApp(t, { threads: { max: 2 } })
  const notes = createNotes()
  app.get('/', async (request) => {
    const { backgroundTasks } = request
    for (let i = 1; i <= 90; i++) {
      if (i % 7 === 0) backgroundTasks.addTask(work.noteAsync, notes, i)
      else if (i % 11 === 0) backgroundTasks.addTask(() => work.note(notes, i))
      else backgroundTasks.addTask(work.note, notes, i)
    }
    backgroundTasks.addTask(() => { backgroundTasks.addTask(work.note, notes, 92) })
    backgroundTasks.addTask(work.note, notes, 91)
    return 'ok'
  })

  await app.inject('/')
  await app.backgroundTasks.idle()
  t.same(notesIn(notes), Array.from({ length: 92 }, (_, i) => i + 1))
})

t.test('tasks of many requests run one at a time in each, and beside each other', async (t) => {
  const { app } = await createThreadApp(t, { threads: { max: 2 } })
  const notes = createNotes()
  app.get<{ Params: { id: number } }>('/:id', async (request) => {
    for (let i = 0; i < 5; i++) request.backgroundTasks.addTask(work.spin, notes, request.params.id * 10 + i, 0.2)
    return 'ok'
  })

  await Promise.all(Array.from({ length: 60 }, (_, id) => app.inject(`/${id + 1}`)))
  await app.backgroundTasks.idle()
  const all = notesIn(notes)
  t.equal(all.length, 600)
  for (let id = 1; id <= 60; id++) {
    const own = all.filter((note) => Math.floor(Math.abs(note) / 10) === id)
    t.same(own, [0, 1, 2, 3, 4].flatMap((i) => [id * 10 + i, -(id * 10 + i)]), `request ${id}`)
  }
})

t.test('neighbours of a failing task run, and with onError "stop" those behind it do not', async (t) => {
  const { app, log } = await createThreadApp(t)
  for (const onError of ['continue', 'stop'] as const) {
    app.get(`/${onError}`, { config: { backgroundTasks: { onError } } }, async (request) => {
      notes.fill(0)
      request.backgroundTasks.addTask(work.note, notes, 1)
      request.backgroundTasks.addTask(work.fail, onError)
      request.backgroundTasks.addTask(work.note, notes, 2)
      request.backgroundTasks.addTask(work.noteAsync, notes, 3)
      return 'ok'
    })
  }
  const notes = createNotes()

  await app.inject('/continue')
  await app.backgroundTasks.idle()
  t.same(notesIn(notes), [1, 2, 3])
  await app.inject('/stop')
  await app.backgroundTasks.idle()
  t.same(notesIn(notes), [1])
  t.match(log.with('background task failed'), [
    { task: 'work.fail', execution: 'thread', err: { type: 'TypeError', message: 'continue' } },
    { task: 'work.fail', execution: 'thread', err: { message: 'stop' }, skipped: ['work.note', 'work.noteAsync'] }
  ])
  t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 4, failed: 2 })
})

t.test('with onError "stop" a collection of threads stops at a crash and at a refused argument, too', async (t) => {
  for (const [func, arg, code] of [[work.exit, 1, 'FST_BGT_THREAD'], [work.identity, () => {}, 'FST_BGT_ARGUMENT']] as const) {
    const notes = createNotes()
    const tasks = new BackgroundTasks(null, { onError: 'stop' })
    tasks.addTask(work.note, notes, 1)
    tasks.addTask(func as (arg: unknown) => void, arg)
    tasks.addTask(work.note, notes, 2)

    await t.rejects(tasks(), { code })
    await new BackgroundTask(work.add, 1, 2)()
    t.same(notesIn(notes), [1])
  }
})

t.test('a collection that holds tasks and collections made without an app runs them in the threads of the app', async (t) => {
  const { app } = await createThreadApp(t)
  const notes = createNotes()
  const nested = new BackgroundTasks([new BackgroundTask(work.note, notes, 2)])
  nested.addTask(work.note, notes, 3)
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(new BackgroundTask(work.note, notes, 1))
    request.backgroundTasks.addTask(nested)
    request.backgroundTasks.addTask(work.note, notes, 4)
    return request.backgroundTasks.tasks.map(({ name, execution }) => [name, execution])
  })

  t.same((await app.inject('/')).json(), [['work.note', 'thread'], ['BackgroundTasks', 'await'], ['work.note', 'thread']])
  await app.backgroundTasks.idle()
  t.same(notesIn(notes), [1, 2, 3, 4])
})

t.test('a task that runs in a way of its own keeps it', async (t) => {
  class Twice extends BackgroundTask<typeof work.note> {
    override async run (): Promise<void> {
      await super.run()
      await super.run()
    }
  }
  const { app } = await createThreadApp(t)
  const notes = createNotes()

  app.backgroundTasks.addTask(new Twice(work.note, notes, 1))
  await app.backgroundTasks.idle()
  t.same(notesIn(notes), [1, 1])
})

t.test('an argument that cannot be cloned fails its task alone, and is named with its place', async (t) => {
  const { app, log } = await createThreadApp(t)
  const notes = createNotes()
  const circular: Record<string, unknown> = { name: 'circular' }
  circular.self = circular
  circular.list = [{ callback () {} }]
  const unreadable = { get value () { throw new Error('getter') } }
  const cases: Array<[unknown[], string]> = [
    [[() => {}], 'its argument 1 (args[0]) cannot be cloned: it is a function'],
    [[1, { mail: { send: async () => {} } }], 'its argument 2 (args[1].mail.send) cannot be cloned: it is a function'],
    [[circular], 'its argument 1 (args[0].list[0].callback) cannot be cloned: it is a function'],
    [[new Map([['key', Symbol('s')]])], 'its argument 1 (args[0].get("key")) cannot be cloned: it is a symbol'],
    [[new Map([[() => {}, 1]])], 'its argument 1 (args[0].keys()[0]) cannot be cloned: it is a function'],
    [[new Set([1, new WeakMap()])], 'its argument 1 (args[0].values()[1]) cannot be cloned: it is an object'],
    [[Promise.resolve()], 'its argument 1 (args[0]) cannot be cloned: it is a promise'],
    [[unreadable], 'its argument 1 (args[0]) cannot be cloned: it is an object'],
    [[new Proxy({}, { getPrototypeOf () { throw new Error('trap') } })], 'its argument 1 (args[0]) cannot be cloned: it is an object']
  ]
  app.get('/', async (request) => {
    for (const [i, [args]] of cases.entries()) {
      request.backgroundTasks.addTask(work.note, notes, i)
      request.backgroundTasks.addTask(work.identity as (...args: unknown[]) => void, ...args)
    }
    return 'ok'
  })

  await app.inject('/')
  await app.backgroundTasks.idle()
  t.same(notesIn(notes), cases.map((_, i) => i), 'the others run, in order')
  const failures = log.with('background task failed')
  for (const [i, [, message]] of cases.entries()) {
    t.match(failures[i], { task: 'work.identity', err: { code: 'FST_BGT_ARGUMENT' } })
    t.match(failures[i]?.err.message, `Background task "work.identity" runs in a worker thread, but ${message}`)
  }
})

t.test('a result that cannot be cloned fails its task, whether somebody waits for it or not', async (t) => {
  const { app, log } = await createThreadApp(t)

  await t.rejects(new BackgroundTask(work.give, 'nested')(), {
    code: 'FST_BGT_ARGUMENT', message: /"work\.give".*its result \(\.list\[1\]\.callback\) cannot be cloned: it is a function/
  })
  await t.rejects(new BackgroundTask(work.give, 'symbol')(), { code: 'FST_BGT_ARGUMENT', message: /its result cannot be cloned: it is a symbol/ })
  app.backgroundTasks.addTask(work.give, 'function')
  await app.backgroundTasks.idle()
  t.match(log.with('background task failed'), [{ err: { code: 'FST_BGT_ARGUMENT', message: /its result cannot be cloned: it is a function/ } }])
})

t.test('a result that is nested too deep for the main thread to read fails its task', async (t) => {
  const { app } = await createThreadApp(t)
  await t.rejects(new BackgroundTask(work.nest, 4_000)(), { code: 'FST_BGT_ARGUMENT', message: /"work\.nest".*its result or error.*nested too deep/ })
  app.backgroundTasks.addTask(work.nest, 4_000)
  await app.backgroundTasks.idle()
  t.match(app.backgroundTasks, { completed: 1, failed: 0 }, 'nobody waits for it')
})

t.test('each task has copies of its arguments, though they travel together', async (t) => {
  const { app } = await createThreadApp(t)
  const notes = createNotes()
  const counter = { n: 0 }
  app.get('/', async (request) => {
    for (let i = 0; i < 3; i++) request.backgroundTasks.addTask(work.count, notes, counter)
    return 'ok'
  })

  await Promise.all([app.inject('/'), app.inject('/')])
  await app.backgroundTasks.idle()
  t.same(notesIn(notes), [1, 1, 1, 1, 1, 1])
})

t.test('messages that a task sends by itself are its own affair', async (t) => {
  const { app } = await createThreadApp(t)
  for (const message of ['hello', null, { kind: 'result' }]) app.backgroundTasks.addTask(work.post, message)
  app.backgroundTasks.addTask(work.add, 1, 2)
  await app.backgroundTasks.idle()
  t.equal(app.backgroundTasks.completed, 4)
})

t.test('an error in a callback need be no error', async (t) => {
  await t.rejects(new BackgroundTask(work.throwNoErrorLater)(), { code: 'FST_BGT_THREAD', message: /ended while it was running: no error/, cause: 'no error' })
})

t.test('onTaskError gets the error and the task of a thread', async (t) => {
  const told: unknown[] = []
  const { app } = await createThreadApp(t, { onTaskError: (error, { name, execution, args }) => { told.push([(error as Error).message, name, execution, args]) } })
  app.backgroundTasks.addTask(work.fail, 'told')
  await app.backgroundTasks.idle()

  t.same(told, [['told', 'work.fail', 'thread', ['told']]])
})
