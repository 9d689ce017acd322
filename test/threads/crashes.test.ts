import { fileURLToPath } from 'node:url'
import t from 'tap'
import { loadTasks, type BackgroundTasksOptions } from '../../lib/index.js'
import type { TaskFunction } from '../../lib/index.js'
import { TaskRun } from '../../lib/core/task-run.js'
import { ThreadPool } from '../../lib/threads/thread-pool.js'
import * as work from '../fixtures/tasks/work.js'
import { createNotes, notesIn } from '../helpers/notes.js'
import { createThreadApp, tasks } from '../helpers/threads.js'

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

t.before(() => loadTasks(tasks))

/** A way of taking a thread down, and what is said of it. */
type Crash = { name: string, func: TaskFunction, args: unknown[], options?: BackgroundTasksOptions, err: object }

const crashes: Crash[] = [
  {
    name: 'calls process.exit',
    func: work.exit,
    args: [7],
    err: { code: 'FST_BGT_THREAD', message: /"work\.exit".*worker exited with code: 7/ }
  }, {
    name: 'never ends',
    func: work.endless,
    args: [],
    options: { timeout: 300 },
    err: { code: 'FST_BGT_TIMEOUT', message: /"work\.endless" ran past its timeout of 300 ms/ }
  }, {
    name: 'returns a promise that never settles',
    func: work.pending,
    args: [],
    options: { timeout: 300 },
    err: { code: 'FST_BGT_TIMEOUT', message: /"work\.pending" ran past its timeout of 300 ms/ }
  }, {
    name: 'takes more memory than it may',
    func: work.hog,
    args: [],
    options: { threads: { max: 1, resourceLimits: { maxOldGenerationSizeMb: 160 } } },
    err: { code: 'FST_BGT_THREAD', message: /"work\.hog".*memory/ }
  }, {
    name: 'throws in a callback',
    func: work.throwLater,
    args: [],
    err: { code: 'FST_BGT_THREAD', message: /"work\.throwLater".*thrown in a callback/ }
  }
]

for (const { name, func, args, options, err } of crashes) {
  t.test(`of 61 tasks of one collection the middle one ${name}: the others run once, in order`, async (t) => {
    const { app, log } = await createThreadApp(t, options)
    const notes = createNotes()
    app.get('/', async (request) => {
      for (const i of numbers(30)) request.backgroundTasks.addTask(work.note, notes, i)
      request.backgroundTasks.addTask(func, ...args)
      for (const i of numbers(30)) request.backgroundTasks.addTask(work.note, notes, 30 + i)
      return 'ok'
    })

    await app.inject('/')
    await app.backgroundTasks.idle()
    t.same(notesIn(notes), numbers(60))
    t.match(log.with('background task failed'), [{ execution: 'thread', err }])
    t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 60, failed: 1 })
  })

  t.test(`of 61 tasks of as many collections the middle one ${name}: the others run once`, async (t) => {
    const { app, log } = await createThreadApp(t, options)
    const notes = createNotes()
    for (const i of numbers(30)) app.backgroundTasks.addTask(work.note, notes, i)
    app.backgroundTasks.addTask(func, ...args)
    for (const i of numbers(30)) app.backgroundTasks.addTask(work.note, notes, 30 + i)

    await app.backgroundTasks.idle()
    t.same(notesIn(notes).sort((a, b) => a - b), numbers(60))
    t.match(log.with('background task failed'), [{ err }])
    t.match(app.backgroundTasks, { completed: 60, failed: 1 })
  })
}

t.test('100 requests of ten tasks, some of which take their threads down: each task exactly once, in order', async (t) => {
  const { app } = await createThreadApp(t, { threads: { max: 2 }, timeout: 300 })
  const notes = createNotes()
  const isBad = (id: number, i: number) => id % 20 === 0 && i === 5
  app.get<{ Params: { id: number } }>('/:id', async (request) => {
    const id = Number(request.params.id)
    for (let i = 0; i < 10; i++) {
      if (!isBad(id, i)) request.backgroundTasks.addTask(work.note, notes, id * 10 + i)
      else if (id % 40 === 0) request.backgroundTasks.addTask(work.exit, 1)
      else request.backgroundTasks.addTask(work.endless)
    }
    return 'ok'
  })

  await Promise.all(numbers(100).map((id) => app.inject(`/${id}`)))
  await app.backgroundTasks.idle()
  t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 995, failed: 5 })
  const all = notesIn(notes)
  t.equal(all.length, 995)
  for (const id of numbers(100)) {
    const own = all.filter((note) => Math.floor(note / 10) === id).map((note) => note % 10)
    t.same(own, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter((i) => !isBad(id, i)), `request ${id}`)
  }
})

t.test('a task that no thread can begin with fails alone, not with those that travel with it', async (t) => {
  // Stands in for a thread whose memory the arguments of one task exhaust before it has begun.
  const pool = new ThreadPool(fileURLToPath(new URL('../fixtures/picky-thread.js', import.meta.url)), { max: 1 }, { thrown () {}, logged () {} })
  t.teardown(() => pool.close())
  const notes = createNotes()
  const run = (...args: unknown[]) => pool.run(new TaskRun({ func: work.note, args }, undefined, undefined, {}, {}, 1))
  await run(notes, 0)

  const runs = [...numbers(5).map((i) => run(notes, i)), run('more than it can hold'), ...numbers(5).map((i) => run(notes, 5 + i))]
  const outcomes = await Promise.allSettled(runs)
  t.same(outcomes.map(({ status }) => status === 'fulfilled'), numbers(11).map((i) => i !== 6))
  t.match((outcomes[5] as PromiseRejectedResult).reason, { code: 'FST_BGT_THREAD', message: /"work\.note" cannot be started: worker exited/ })
  t.same(notesIn(notes).sort((a, b) => a - b), [0, ...numbers(10)])
})
