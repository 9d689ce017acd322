import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { TaskFunction } from '../../lib/core/task-function.js'
import * as work from '../fixtures/tasks/work.js'
import { createNotes, notesIn } from '../helpers/notes.js'
import { openPool, type OpenPoolOptions } from './open-pool.js'

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

/** A way of taking a thread down, and the error of the task that has done it. */
interface Crash { name: string, func: TaskFunction, args: unknown[], options?: OpenPoolOptions, error: object }

const crashes: Crash[] = [
  {
    name: 'calls process.exit',
    func: work.exit,
    args: [7],
    error: { code: 'FST_BGT_THREAD', message: /"work\.exit".*worker exited with code: 7/ }
  }, {
    name: 'never ends',
    func: work.endless,
    args: [],
    options: { timeout: 300 },
    error: { code: 'FST_BGT_TIMEOUT', message: /"work\.endless" ran past its timeout of 300 ms/ }
  }, {
    name: 'returns a promise that never settles',
    func: work.pending,
    args: [],
    options: { timeout: 300 },
    error: { code: 'FST_BGT_TIMEOUT', message: /"work\.pending" ran past its timeout of 300 ms/ }
  }, {
    name: 'takes more memory than it may',
    func: work.hog,
    args: [],
    options: { resourceLimits: { maxOldGenerationSizeMb: 160 } },
    error: { code: 'FST_BGT_THREAD', message: /"work\.hog".*memory/ }
  }, {
    name: 'throws in a callback',
    func: work.throwLater,
    args: [],
    error: { code: 'FST_BGT_THREAD', message: /"work\.throwLater".*thrown in a callback/ }
  }
]

for (const { name, func, args, options, error } of crashes) {
  t.test(`of 61 tasks of one collection the middle one ${name}: the others run once, in order`, async (t) => {
    const { collect } = await openPool(t, options)
    const notes = createNotes()
    const errors = await collect((add) => {
      for (const i of numbers(30)) add(work.note, notes, i)
      add(func, ...args)
      for (const i of numbers(30)) add(work.note, notes, 30 + i)
    })
    t.match(errors, [error])
    t.same(notesIn(notes), numbers(60))
  })

  t.test(`of 61 tasks of as many collections the middle one ${name}: the others run once`, async (t) => {
    const { run } = await openPool(t, options)
    const notes = createNotes()
    const ended = numbers(61).map((i) => i === 31 ? run(func, ...args) : run(work.note, notes, i))
    const outcomes = await Promise.allSettled(ended)
    t.match(outcomes.filter(({ status }) => status === 'rejected'), [{ reason: error }])
    t.same(notesIn(notes).sort((a, b) => a - b), numbers(61).filter((i) => i !== 31))
  })
}

t.test('100 collections of ten tasks, some of which take their threads down: each task exactly once, in order', async (t) => {
  const { collect } = await openPool(t, { max: 2, timeout: 300 })
  const notes = createNotes()
  const isBad = (id: number, i: number) => id % 20 === 0 && i === 5
  const errors = await Promise.all(numbers(100).map((id) => collect((add) => {
    for (let i = 0; i < 10; i++) {
      if (!isBad(id, i)) add(work.note, notes, id * 10 + i)
      else if (id % 40 === 0) add(work.exit, 1)
      else add(work.endless)
    }
  })))

  t.equal(errors.flat().length, 5)
  const all = notesIn(notes)
  t.equal(all.length, 995)
  for (const id of numbers(100)) {
    const own = all.filter((note) => Math.floor(note / 10) === id).map((note) => note % 10)
    t.same(own, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter((i) => !isBad(id, i)), `collection ${id}`)
  }
})

t.test('a task that no thread can begin with fails alone, not with those that travel with it', async (t) => {
  // Stands in for a thread whose memory the arguments of one task exhaust before it has begun.
  const { run, collect } = await openPool(t, { file: fileURLToPath(new URL('../fixtures/picky-thread.js', import.meta.url)) })
  const notes = createNotes()
  await run(work.note, notes, 0)

  const refused = 'more than it can hold' as unknown as Int32Array
  const outcomes = await Promise.allSettled([...numbers(5).map((i) => run(work.note, notes, i)), run(work.note, refused), ...numbers(5).map((i) => run(work.note, notes, 5 + i))])
  t.same(outcomes.map(({ status }) => status === 'fulfilled'), numbers(11).map((i) => i !== 6))
  t.match((outcomes[5] as PromiseRejectedResult).reason, { code: 'FST_BGT_THREAD', message: /"work\.note" cannot be started: worker exited/ })
  t.same(notesIn(notes).sort((a, b) => a - b), [0, ...numbers(10)])

  notes.fill(0)
  const errors = await collect((add) => {
    for (const i of numbers(5)) add(work.note, notes, i)
    add(work.note, refused, 6)
    add(work.note, notes, 7)
  })
  t.match(errors, [{ code: 'FST_BGT_THREAD' }])
  t.same(notesIn(notes), [1, 2, 3, 4, 5, 7], 'in order')
})

t.test('threads that cannot start fail the tasks, and not the process', async (t) => {
  const { collect, run } = await openPool(t, { max: 2, resourceLimits: { maxOldGenerationSizeMb: 4, maxYoungGenerationSizeMb: 1 } })
  const errors = await Promise.all([collect((add) => { for (const i of numbers(3)) add(work.add, i, i) }), run(work.add, 1, 1).catch((error) => error)])
  t.match(errors.flat(), numbers(4).map(() => ({ code: 'FST_BGT_THREAD', message: /cannot be started: .*memory/ })))
})
