import { AsyncLocalStorage } from 'node:async_hooks'
import type { Worker } from 'node:worker_threads'
import t from 'tap'
import { BackgroundTask } from '../../lib/core/background-task.js'
import { runTask } from '../../lib/core/run-task.js'
import { Task } from '../../lib/core/task.js'
import { sleep } from '../../lib/core/timers.js'
import * as context from '../fixtures/tasks/context.js'
import * as work from '../fixtures/tasks/work.js'
import { createGate, createNotes, notesIn } from '../helpers/notes.js'
import { openPool } from './open-pool.js'

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

t.test('a slow task does not hold others back while another thread is free, though they travelled with it', async (t) => {
  const { run } = await openPool(t, { max: 2 })
  const notes = createNotes()
  // Known to be quick, so that the next ones travel together, and the slow one among them as it has the same name.
  await Promise.all(numbers(40).map((i) => run(work.spin, notes, i, 0)))

  const { gate, reached, open } = createGate()
  const blocked = run(work.block, gate)
  await reached()
  const ended = numbers(20).map((i) => run(work.spin, notes, 40 + i, i === 5 ? 1_500 : 0))
  open()
  await ended[19]
  t.notOk(notesIn(notes).includes(-45), 'the last has ended before the slow one')
  await Promise.all([blocked, ...ended])
  t.equal(notesIn(notes).length, 120, 'each exactly once')
})

t.test('a collection goes on in another thread while a slow task that travelled with it is running', async (t) => {
  const { run, collect } = await openPool(t, { max: 2 })
  const notes = createNotes()
  for (const i of numbers(5)) await Promise.all([run(work.spin, notes, i, 0), run(work.busy, 2)])
  const [first, second] = [createGate(), createGate()]
  const blocked = [run(work.block, first.gate), run(work.block, second.gate)]
  await Promise.all([first.reached(), second.reached()])

  // The first thread that is free gets the beginning of the collection, and the slow task, which has been quick until now.
  const collection = collect((add) => { for (let i = 0; i < 20; i++) add(work.busy, 2) })
  await sleep(1)
  const slow = run(work.spin, notes, 999, 1_500)
  first.open()
  while (!notesIn(notes).includes(999)) await sleep(5)
  second.open()
  await collection
  t.notOk(notesIn(notes).includes(-999))
  await Promise.all([slow, ...blocked])
})

t.test('very many tasks that are known to be quick run once each', async (t) => {
  const { run } = await openPool(t)
  const notes = createNotes()
  await run(work.note, notes, 0)
  for (const i of numbers(10)) await run(work.note, notes, -i)
  notes.fill(0)
  await Promise.all(numbers(1_000).map((i) => run(work.note, notes, i)))
  t.same(notesIn(notes), numbers(1_000))
})

t.test('what waits behind a slow task goes before what has come later', async (t) => {
  const { run } = await openPool(t, { max: 2 })
  const [slow, other] = [createGate(), createGate()]
  const notes = createNotes()
  // Known to be quick, they travel together.
  for (const { gate, open } of [slow, other]) {
    open()
    await Promise.all([run(work.block, gate), run(work.note, notes, 0)])
    gate.fill(0)
  }
  notes.fill(0)

  const ended = [run(work.block, other.gate)]
  await other.reached()
  ended.push(run(work.block, slow.gate), run(work.note, notes, 1))
  await slow.reached()
  ended.push(run(work.note, notes, 2))
  await sleep(100)
  other.open()
  while (notesIn(notes).length < 2) await sleep(5)
  t.same(notesIn(notes), [1, 2])
  slow.open()
  await Promise.all(ended)
})

t.test('a task has ended for its collection as soon as it has ended, though a slow one has travelled with it', async (t) => {
  const { run, collect } = await openPool(t)
  const notes = createNotes()
  await Promise.all(numbers(40).map((i) => run(work.spin, notes, i, 0)))

  let wentOn = false
  const { gate, reached, open } = createGate()
  const blocked = run(work.block, gate)
  await reached()
  const collection = collect((add) => {
    add(work.spin, notes, 41, 0)
    add(async () => { wentOn = !notesIn(notes).includes(-42) })
  })
  await sleep(1)
  const slow = run(work.spin, notes, 42, 500)
  open()
  await collection
  t.ok(wentOn)
  await Promise.all([blocked, slow])
})

t.test('collections take turns: a long one does not hold back a short one that comes later', async (t) => {
  const { run, collect } = await openPool(t)
  const notes = createNotes()
  await Promise.all(numbers(10).map((i) => run(work.spin, notes, i, 2)))
  const long = collect((add) => { for (const i of numbers(200)) add(work.spin, notes, i, 2) })
  await sleep(20)
  await collect((add) => { add(work.spin, notes, 999, 0) })
  t.notOk(notesIn(notes).includes(-200))
  await long
})

t.test('no more threads run than max, and a task counts as running only while its function runs', async (t) => {
  const { collect } = await openPool(t, { max: 2, owner: { opened (collection) { collections.push(collection) } } })
  const collections: Array<{ readonly running: number }> = []
  const running = () => collections.map(({ running }) => running)
  const gates = numbers(4).map(createGate)
  const ended = gates.map(({ gate }) => collect((add) => { add(work.block, gate) }))

  await Promise.all([gates[0]!.reached(), gates[1]!.reached()])
  while (running().filter((count) => count > 0).length < 2) await sleep(5)
  t.same(running(), [1, 1, 0, 0])
  t.equal(gates[2]!.gate[0], 0)
  for (const { open } of gates) open()
  await Promise.all(ended)
  t.same(running(), [0, 0, 0, 0])
})

t.test('it is known when a task began in its thread, and how long it took', async (t) => {
  const times: Array<[duration: number, waited: number]> = []
  const { collect } = await openPool(t, { owner: { completed ({ duration, waited }) { times.push([duration!, waited!]) } } })
  await collect((add) => {
    add(work.busy, 50)
    add(work.busy, 100)
    add(work.busy, 0)
  })
  const [first, second, third] = times
  t.ok(first![0] >= 50 && second![0] >= 100 && third![0] < 50, JSON.stringify(times))
  t.ok(second![1] >= first![1] + 50 && third![1] >= second![1] + 100, 'each has waited for those before it')
})

t.test('a thread without work ends after idleTimeout, and there is a new one for the next task', async (t) => {
  const { run } = await openPool(t, { idleTimeout: 1 })
  const threads: number[] = []
  for (let i = 0; i < 2; i++) {
    threads.push(...await Promise.all([run(work.whichThread), run(work.whichThread)]))
    await sleep(50)
  }
  const [first, second, third, fourth] = threads
  t.equal(second, first)
  t.not(third, first)
  t.equal(fourth, third)
})

t.test('close stops the threads: what is running or waits fails, and nothing goes on', async (t) => {
  const { pool, run, collect } = await openPool(t)
  const notes = createNotes()
  const workers: Worker[] = []
  const listener = (worker: Worker) => { workers.push(worker) }
  process.on('worker', listener)
  t.teardown(() => process.off('worker', listener))
  const { gate, reached } = createGate()
  await run(work.add, 1, 2)
  const collection = collect((add) => {
    add(work.block, gate)
    add(work.note, notes, 1)
  }, 'stop')
  await reached()
  const waiting = run(work.note, notes, 2).catch((error) => error)
  await pool.close()

  t.match([...await collection, await waiting], [
    { code: 'FST_BGT_THREAD', message: /"work\.block" was stopped, because the app has closed/ },
    { code: 'FST_BGT_THREAD', message: /"work\.note" was stopped, because the app has closed/ }
  ])
  t.same(workers.map(({ threadId }) => threadId), [-1])
  t.equal(await run(work.add, 1, 2), 3, 'a task that comes later gets a new thread')
  t.same(notesIn(notes), [])
})

t.test('a task that listens to its signal has time to end when the pool closes, and nothing begins behind it', async (t) => {
  const { pool, run, collect } = await openPool(t)
  const notes = createNotes()
  await run(work.note, notes, 0)
  const collection = collect((add) => {
    add(context.endWhenTold, notes)
    add(work.note, notes, 4)
  }, 'stop')
  while (!notesIn(notes).includes(1)) await sleep(5)
  await pool.close()
  t.match(await collection, [{ code: 'FST_BGT_THREAD', message: /"(context\.endWhenTold|work\.note)" was stopped/ }])
  t.same(notesIn(notes), [0, 1, 3])
})

t.test('the signal of a task in a thread aborts when the task within which it runs is told to stop', async (t) => {
  const { owner } = await openPool(t, { timeout: 300 })
  const notes = createNotes()
  const outer = new Task(async () => {
    await Promise.all([new BackgroundTask(context.endWhenTold, notes)(), new BackgroundTask(work.note, notes, 4)()])
  }, [])
  await t.rejects(runTask(outer, { ...owner }), { code: 'FST_BGT_TIMEOUT' })
  while (notesIn(notes).length < 2) await sleep(5)
  await sleep(50)
  t.same(notesIn(notes), [1, 3], 'and those behind it do not begin')
})

t.test('a task that listens to its signal has a moment to end after its timeout', async (t) => {
  const { run } = await openPool(t)
  const notes = createNotes()
  await t.rejects(run(context.heedTimeout, notes), { code: 'FST_BGT_TIMEOUT', message: /"context\.heedTimeout" ran past its timeout of 200 ms/ })
  while (notesIn(notes).length < 2) await sleep(5)
  t.same(notesIn(notes), [1, 2])
})

t.test('a task that fails is retried in its turn: those behind it wait', async (t) => {
  const { collect } = await openPool(t, { backoff: 1 })
  const [notes, tries] = [createNotes(), new Int32Array(new SharedArrayBuffer(4))]
  for (const func of [context.stubborn, context.crashing] as const) {
    Atomics.store(tries, 0, 0)
    t.same(await collect((add) => {
      add(work.note, notes, 1)
      add(func as (tries: Int32Array, failures: number) => void, tries, 2)
      add(work.note, notes, Atomics.load(tries, 0) + 2)
    }), [])
    t.equal(Atomics.load(tries, 0), 3)
  }
  t.same(notesIn(notes), [1, 2, 1, 2])
})

t.test('the pool belongs to the async context in which it was made, not to that of its first task', async (t) => {
  const storage = new AsyncLocalStorage<string>()
  const seen: unknown[] = []
  const { run, events } = await storage.run('app', () => openPool(t))
  events.push = ([name]) => seen.push(`${name}: ${storage.getStore()}`)
  for (const request of ['first', 'second']) {
    await storage.run(request, () => run(work.leaveBehind))
    await storage.run(request, () => run(work.after, 50))
  }
  t.same([...seen].sort(), ['returnedPromise: app', 'thrown: app', 'thrown: app'])
})

t.test('what a task logs, and how it has ended, comes in the context of its request', async (t) => {
  const storage = new AsyncLocalStorage<string>()
  const seen: string[] = []
  const see = (what: string) => { seen.push(`${what}: ${storage.getStore()}`) }
  const log: any = { level: 'info', child: () => log, trace () {}, debug () {}, info: () => see('line'), warn () {}, error () {}, fatal () {} }
  const { collect } = await openPool(t, { owner: { log, completed: () => see('completed'), failed: () => see('failed') } })
  await Promise.all(['one', 'two'].map((request) => storage.run(request, () => collect((add) => {
    add(context.logLine)
    add(work.note, createNotes(1), 1)
    add(work.fail, 'as told')
  }))))
  for (const request of ['one', 'two']) t.same(seen.filter((what) => what.endsWith(request)), ['line', 'completed', 'completed', 'failed'].map((what) => `${what}: ${request}`))
  t.equal(seen.length, 8)
})

t.test('a logger that throws harms neither the task nor the process', async (t) => {
  const refuse = () => { throw new Error('serializer') }
  const log: any = { level: 'trace', child: refuse, trace: refuse, debug: refuse, info: refuse, warn: refuse, error: refuse, fatal: refuse }
  const { run, events } = await openPool(t, { owner: { log } })
  t.equal(await run(context.logLine), undefined)
  const late = await openPool(t)
  late.events.push = () => { throw new Error('late') }
  await late.run(work.leaveBehind)
  await late.run(work.after, 50)
  t.same(events, [])
})

t.test('a function that returns a promise is named once, unless it has the option "thread"', async (t) => {
  const { run, events } = await openPool(t)
  await Promise.all([run(work.after, 1), run(work.after, 1)])
  await run(work.after, 1)
  await run(context.decided, 1)
  await run(work.rejectAfter, 1).catch(() => {})
  t.same(events, [['returnedPromise', 'work.after'], ['returnedPromise', 'work.rejectAfter']])
})
