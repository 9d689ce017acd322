import { threadId } from 'node:worker_threads'
import t from 'tap'
import { BackgroundTask } from '../../lib/core/background-task.js'
import { Task } from '../../lib/core/task.js'
import { loadTasks } from '../../lib/threads/open-threads.js'
import { ThreadExecution } from '../../lib/threads/thread-execution.js'
import * as context from '../fixtures/tasks/context.js'
import * as work from '../fixtures/tasks/work.js'
import { createNotes, notesIn } from '../helpers/notes.js'
import { openPool, tasks } from './open-pool.js'

t.before(() => loadTasks(tasks))
t.teardown(() => new BackgroundTask(work.exit, 0)().catch(() => {}))

t.test('a task that is awaited resolves to what its function returned in the thread', async (t) => {
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

t.test('tasks of one collection keep their order across executions', async (t) => {
  const { collect } = await openPool(t, { max: 2 })
  const notes = createNotes()
  await collect((add) => {
    for (let i = 1; i <= 90; i++) {
      if (i % 7 === 0) add(work.noteAsync, notes, i)
      else if (i % 11 === 0) add(() => work.note(notes, i))
      else add(work.note, notes, i)
    }
    add(() => { add(work.note, notes, 92) })
    add(work.note, notes, 91)
  })
  t.same(notesIn(notes), Array.from({ length: 92 }, (_, i) => i + 1), 'tasks that a task adds included')
})

t.test('tasks of many collections run one at a time in each, and in parallel with the others', async (t) => {
  const { collect } = await openPool(t, { max: 2 })
  const notes = createNotes()
  await Promise.all(Array.from({ length: 60 }, (_, id) => collect((add) => {
    for (let i = 0; i < 5; i++) add(work.spin, notes, (id + 1) * 10 + i, 0.2)
  })))
  const all = notesIn(notes)
  t.equal(all.length, 600)
  for (let id = 1; id <= 60; id++) {
    const own = all.filter((note) => Math.floor(Math.abs(note) / 10) === id)
    t.same(own, [0, 1, 2, 3, 4].flatMap((i) => [id * 10 + i, -(id * 10 + i)]), `collection ${id}`)
  }
})

t.test('the tasks behind one that fails run, unless onError is "stop"', async (t) => {
  const skipped: string[][] = []
  const { collect } = await openPool(t, { owner: { failed: (_error, _attempt, tasks) => { skipped.push(tasks.map(({ name }) => name)) } } })
  for (const [onError, noted] of [['continue', [1, 2, 3]], ['stop', [1]]] as const) {
    const notes = createNotes()
    const errors = await collect((add) => {
      add(work.note, notes, 1)
      add(work.fail, onError)
      add(work.note, notes, 2)
      add(work.noteAsync, notes, 3)
    }, onError)
    t.match(errors, [{ name: 'TypeError', message: onError }])
    t.same(notesIn(notes), noted)
  }
  t.same(skipped, [[], ['work.note', 'work.noteAsync']])
})

t.test('with onError "stop" a collection stops at a crash, and at an argument that cannot be cloned', async (t) => {
  const { collect, run } = await openPool(t)
  for (const [func, arg, code] of [[work.exit, 1, 'FST_BGT_THREAD'], [work.identity, [() => {}], 'FST_BGT_ARGUMENT']] as const) {
    const notes = createNotes()
    t.match(await collect((add) => {
      add(work.note, notes, 1)
      add(func as (arg: unknown) => void, arg)
      add(work.note, notes, 2)
    }, 'stop'), [{ code }])
    await run(work.add, 1, 2)
    t.same(notesIn(notes), [1])
  }
})

t.test('an argument that cannot be cloned, as addTask sees, is refused with its place', async (t) => {
  const { pool } = await openPool(t)
  const request = { url: '/' }
  const execution = new ThreadExecution(pool, (value) => value === request || value instanceof Promise ? 'the request' : undefined)
  const refused: Array<[unknown[], string]> = [
    [[() => {}], 'its argument 1 (args[0]) cannot be cloned: it is a function'],
    [[1, Symbol('s')], 'its argument 2 (args[1]) cannot be cloned: it is a symbol'],
    [[request], 'its argument 1 (args[0]) cannot be cloned: it is the request'],
    [['id', { to: 'ada', request }], 'its argument 2 (args[1].request) cannot be cloned: it is the request'],
    [[{ callback: async () => {} }], 'its argument 1 (args[0].callback) cannot be cloned: it is a function'],
    [[Object.assign(Object.create(null), { method () {} })], 'its argument 1 (args[0].method) cannot be cloned: it is a function']
  ]
  for (const [args, message] of refused) {
    t.throws(() => execution.check(work.add, args), { code: 'FST_BGT_ARGUMENT', message: `Background task "work.add" runs in a worker thread, but ${message}` })
  }

  class Instance { callback () {} own = () => {} }
  const accepted = [
    1, 'text', null, undefined, {}, [() => {}], new Map([[1, () => {}]]), new Instance(), { list: [() => {}] },
    { get value () { throw new Error('getter') } },
    new Proxy({}, { getPrototypeOf () { throw new Error('trap') } }),
    Object.defineProperty({}, 'hidden', { value: () => {} })
  ]
  t.doesNotThrow(() => execution.check(work.add, accepted), 'what lies deeper is seen when the task runs')
})

t.test('large arguments cost addTask nothing', async (t) => {
  const { pool } = await openPool(t)
  const execution = new ThreadExecution(pool)
  const args = [Buffer.alloc(1e6), new Array(1e6).fill(0)]
  const start = performance.now()
  for (let i = 0; i < 100; i++) execution.check(work.add, args)
  t.ok(performance.now() - start < 2_000)
})

t.test('an argument that cannot be cloned fails its task alone, and is named with its place', async (t) => {
  const { collect } = await openPool(t)
  const notes = createNotes()
  const circular: Record<string, unknown> = { name: 'circular' }
  circular.self = circular
  circular.list = [{ callback () {} }]
  const unreadable = { get value () { throw new Error('getter') } }
  const cases: Array<[unknown[], string]> = [
    [[1, { mail: { send: async () => {} } }], 'its argument 2 (args[1].mail.send) cannot be cloned: it is a function'],
    [[circular], 'its argument 1 (args[0].list[0].callback) cannot be cloned: it is a function'],
    [[new Map([['key', Symbol('s')]])], 'its argument 1 (args[0].get("key")) cannot be cloned: it is a symbol'],
    [[new Map([[() => {}, 1]])], 'its argument 1 (args[0].keys()[0]) cannot be cloned: it is a function'],
    [[new Set([1, new WeakMap()])], 'its argument 1 (args[0].values()[1]) cannot be cloned: it is an object'],
    [[Promise.resolve()], 'its argument 1 (args[0]) cannot be cloned: it is a promise'],
    [[unreadable], 'its argument 1 (args[0]) cannot be cloned: it is an object'],
    [[new Proxy({}, { getPrototypeOf () { throw new Error('trap') } })], 'its argument 1 (args[0]) cannot be cloned: it is an object']
  ]
  const errors = await collect((add) => {
    for (const [i, [args]] of cases.entries()) {
      add(work.note, notes, i)
      add(work.identity as (...args: unknown[]) => void, ...args)
    }
  })
  t.same(notesIn(notes), cases.map((_, i) => i), 'the others run, in order')
  for (const [i, [, message]] of cases.entries()) {
    t.match(errors[i], { code: 'FST_BGT_ARGUMENT' })
    t.match(errors[i].message, `Background task "work.identity" runs in a worker thread, but ${message}`)
  }
})

t.test('a result that cannot be cloned fails the task of whoever awaits it, and no other', async (t) => {
  const { collect, run } = await openPool(t)
  await t.rejects(run(work.give, 'nested'), {
    code: 'FST_BGT_ARGUMENT', message: /"work\.give".*its result \(\.list\[1\]\.callback\) cannot be cloned: it is a function/
  })
  await t.rejects(run(work.give, 'symbol'), { code: 'FST_BGT_ARGUMENT', message: /its result cannot be cloned: it is a symbol/ })
  t.same(await collect((add) => { add(work.give, 'function') }), [])
})

t.test('a result that is nested too deep for the main thread to read fails the task of whoever awaits it', async (t) => {
  const { run, collect } = await openPool(t)
  await t.rejects(run(work.nest, 4_000), { code: 'FST_BGT_ARGUMENT', message: /"work\.nest".*its result or error.*nested too deep/ })
  t.same(await collect((add) => { add(work.nest, 4_000) }), [])
})

t.test('each task has copies of its arguments, though they travel together', async (t) => {
  const { collect } = await openPool(t)
  const notes = createNotes()
  const counter = { n: 0 }
  await Promise.all([1, 2].map(() => collect((add) => { for (let i = 0; i < 3; i++) add(work.count, notes, counter) })))
  t.same(notesIn(notes), [1, 1, 1, 1, 1, 1])
})

t.test('a task gets its arguments as they are when it goes to the thread', async (t) => {
  const { collect } = await openPool(t)
  const notes = createNotes()
  const counter = { n: 0 }
  await collect((add) => {
    add(work.count, notes, counter)
    add(async () => { counter.n = 10 })
    add(work.count, notes, counter)
  })
  t.same(notesIn(notes), [1, 11])
})

t.test('messages that a task sends by itself do no harm', async (t) => {
  const { collect } = await openPool(t)
  t.same(await collect((add) => {
    for (const message of ['hello', null, { kind: 'result' }]) add(work.post, message)
    add(work.add, 1, 2)
  }), [])
})

t.test('what a callback throws need not be an error', async (t) => {
  await t.rejects(new BackgroundTask(work.throwNoErrorLater)(), { code: 'FST_BGT_THREAD', message: /ended while it was running: no error/, cause: 'no error' })
})

t.test('a callback that throws when its task has ended is reported, and harms no other task', async (t) => {
  const { collect, events } = await openPool(t)
  t.same(await collect((add) => {
    add(work.leaveBehind)
    add(work.after, 100)
  }), [])
  t.match(events.filter(([name]) => name === 'thrown'), [['thrown', { message: 'left behind' }, 'work.leaveBehind']])
})

t.test('what a task logs when it has ended is reported as the pool\'s own', async (t) => {
  const { run, events } = await openPool(t, { owner: { log: { ...console, level: 'info' } as any } })
  const task = new Task(context.logLater, [])
  await run(context.logLater)
  await run(work.after, 100)
  t.match(events.filter(([name]) => name === 'logged'), [['logged', { level: 'info', args: ['when it had ended'], task: task.name, taskId: String }]])
})

t.test('without an app, threads report by warnings of the process', async (t) => {
  const warnings: string[] = []
  const listen = ({ message }: Error) => { warnings.push(message) }
  process.on('warning', listen)
  t.teardown(() => process.off('warning', listen))

  await new BackgroundTask(work.leaveBehind)()
  await new BackgroundTask(work.slowly, 100)()
  while (warnings.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
  t.match(warnings.sort(), [
    /A callback of background task "work\.leaveBehind" threw after the task had ended: Error: left behind/,
    /Background task "work\.slowly" returns a promise but is not declared async/
  ])
})
