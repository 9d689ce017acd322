import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { BackgroundTask } from '../../lib/core/background-task.js'
import { BackgroundTasks } from '../../lib/core/background-tasks.js'
import { taskContext } from '../../lib/core/task-context.js'
import { defineTask } from '../../lib/core/task-options.js'
import { deferred } from '../helpers/promise.js'

t.test('a collection is created empty or from tasks, and takes more at any time', async (t) => {
  const ran: string[] = []
  const note = (name: string) => { ran.push(name) }
  const first = new BackgroundTask(note, 'first')

  const empty = new BackgroundTasks()
  const filled = new BackgroundTasks(new Set([first]))
  filled.addTask(note, 'second')
  await empty()
  await filled()

  t.same(empty.tasks, [])
  t.equal(filled.tasks[0], first)
  t.equal(filled.tasks[1], filled.tasks[1], 'made once')
  t.same(filled.tasks.map(({ args }) => args), [['first'], ['second']])
  t.same(ran, ['first', 'second'])
  t.same(new BackgroundTasks(null).tasks, [])
})

t.test('tasks run one at a time in the order they were added, sync and async mixed', async (t) => {
  const events: string[] = []
  const tasks = new BackgroundTasks()
  const slow = async (name: string, ms: number) => {
    events.push(`${name} starts`)
    await sleep(ms)
    events.push(`${name} ends`)
  }
  const plain = (name: string) => { events.push(name) }

  tasks.addTask(slow, 'a', 20)
  tasks.addTask(plain, 'b')
  tasks.addTask(slow, 'c', 1)
  tasks.addTask(plain, 'd')
  await tasks()

  t.same(events, ['a starts', 'a ends', 'b', 'c starts', 'c ends', 'd'])
})

t.test('a thousand tasks of both kinds keep their order', async (t) => {
  const ran: number[] = []
  const tasks = new BackgroundTasks()
  for (let i = 0; i < 1000; i++) {
    if (i % 3 === 0) tasks.addTask((n: number) => { ran.push(n) }, i)
    else tasks.addTask(async (n: number) => { await null; ran.push(n) }, i)
  }
  await tasks.run()

  t.same(ran, Array.from({ length: 1000 }, (_, i) => i))
})

t.test('pending I/O is served between two plain functions', async (t) => {
  const events: string[] = []
  const tasks = new BackgroundTasks()
  tasks.addTask(() => { setImmediate(() => events.push('I/O')) })
  tasks.addTask(() => { events.push('second') })
  await tasks()

  t.same(events, ['I/O', 'second'])
})

t.test('a task that is added while the collection runs, by a task too, runs in the same pass', async (t) => {
  const ran: string[] = []
  const gate = deferred()
  const tasks = new BackgroundTasks()
  tasks.addTask(async () => {
    await gate.promise
    ran.push('first')
    tasks.addTask(() => { ran.push('added by a task') })
  })

  const pass = tasks()
  tasks.addTask(async () => { ran.push('added meanwhile') })
  gate.resolve()
  await pass

  t.same(ran, ['first', 'added meanwhile', 'added by a task'])
})

t.test('tasks() and tasks.run() are the same: each runs all, and joins a pass under way', async (t) => {
  let runs = 0
  const tasks = new BackgroundTasks([new BackgroundTask(async () => { runs++ })])

  await Promise.all([tasks(), tasks.run()])
  t.equal(runs, 1, 'one pass')
  await tasks.run()
  t.equal(runs, 2, 'another pass')
  t.equal(await tasks(), undefined)
  t.equal(runs, 3)
})

t.test('a task that is added in the very moment in which a pass ends is not forgotten', async (t) => {
  const ran: string[] = []
  const tasks = new BackgroundTasks([new BackgroundTask(async () => { ran.push('first') })])

  await tasks().then(() => {
    tasks.addTask(async () => { ran.push('second') })
    return tasks()
  })
  t.same(ran, ['first', 'first', 'second'])
})

t.test('a collection holds collections, and is a task itself', async (t) => {
  const ran: string[] = []
  const note = (name: string) => { ran.push(name) }
  const inner = new BackgroundTasks([new BackgroundTask(note, 'inner 1'), new BackgroundTask(note, 'inner 2')])
  const outer = new BackgroundTasks([new BackgroundTask(note, 'before'), inner])
  outer.addTask(note, 'after')
  outer.addTask(inner)
  await outer()

  t.ok(outer instanceof BackgroundTask)
  t.equal(outer.name, 'BackgroundTasks')
  t.equal(outer.execution, 'await')
  t.equal(outer.tasks[3], inner, 'added as it is')
  t.same(ran, ['before', 'inner 1', 'inner 2', 'after', 'inner 1', 'inner 2'])

  await inner.func()
  t.equal(ran.length, 8, 'func runs the collection')
})

t.test('a failing task does not keep the others from running', async (t) => {
  const ran: string[] = []
  const error = new Error('no')
  const tasks = new BackgroundTasks()
  tasks.addTask(() => { throw error })
  tasks.addTask(() => { ran.push('sync') })
  tasks.addTask(async () => { ran.push('async') })

  await t.rejects(tasks(), error)
  t.same(ran, ['sync', 'async'])
})

t.test('several failures are an AggregateError, once all have run', async (t) => {
  const tasks = new BackgroundTasks([], { onError: 'continue' })
  tasks.addTask(() => { throw new Error('one') })
  tasks.addTask(async () => { throw new Error('two') })

  const error = await tasks().catch((error: unknown) => error)
  t.ok(error instanceof AggregateError)
  t.match(error, { message: '2 background tasks failed', errors: [{ message: 'one' }, { message: 'two' }] })
})

t.test('a collection rejects with undefined where a task throws it', async (t) => {
  const tasks = new BackgroundTasks()
  tasks.addTask(() => Promise.reject()) // eslint-disable-line prefer-promise-reject-errors

  t.same(await tasks().then(() => 'resolved', (thrown) => [thrown]), [undefined])
})

t.test('with onError "stop" a collection rejects at the first failure', async (t) => {
  const ran: string[] = []
  const tasks = new BackgroundTasks(null, { onError: 'stop' })
  tasks.addTask(() => { ran.push('first') })
  tasks.addTask(() => { throw new Error('no') })
  tasks.addTask(() => { ran.push('third') })

  await t.rejects(tasks(), { message: 'no' })
  t.same(ran, ['first'])
})

t.test('a task runs in the async context in which it was added', async (t) => {
  const storage = new AsyncLocalStorage<string>()
  const seen: unknown[] = []
  const plain = () => { seen.push(storage.getStore()) }
  const asynchronous = async () => {
    await sleep(1)
    seen.push(storage.getStore())
  }

  const tasks = storage.run('constructor', () => new BackgroundTasks([new BackgroundTask(plain)]))
  storage.run('plain', () => tasks.addTask(plain))
  storage.run('async', () => tasks.addTask(asynchronous))
  tasks.addTask(plain)
  await storage.run('run', () => tasks())

  t.same(seen, ['constructor', 'plain', 'async', undefined])
})

t.test('the list of tasks is a copy that cannot be changed by mistake', async (t) => {
  const tasks = new BackgroundTasks()
  t.throws(() => tasks.tasks.push(new BackgroundTask(() => {})), TypeError)
})

t.test('what is no task is refused, and nothing of it is taken', async (t) => {
  const task = new BackgroundTask(() => {})
  const cases: Array<[string, unknown]> = [
    ['an object', {}],
    ['42', 42],
    ['"tasks"', 'tasks'],
    ['a function', () => {}],
    ['a function', new BackgroundTasks()],
    ['a function at index 1', [task, () => {}]],
    ['null at index 0', [null]]
  ]

  for (const [got, tasks] of cases) {
    t.throws(() => new BackgroundTasks(tasks as BackgroundTask[]), {
      code: 'FST_BGT_INVALID_TASK',
      message: `Invalid task: a collection takes an iterable of BackgroundTask instances, but got ${got}; make one with new BackgroundTask(func, ...args), or call addTask(func, ...args).`
    })
  }

  const collection = new BackgroundTasks()
  t.throws(() => collection.addTask(collection), { code: 'FST_BGT_INVALID_TASK', message: /cannot contain itself/ })
  t.throws(() => collection.addTask('send' as unknown as () => void), { code: 'FST_BGT_INVALID_FUNCTION' })
  t.same(collection.tasks, [])
})

t.test('a wrong or unknown option is refused by name', async (t) => {
  const cases: Array<[unknown, string]> = [
    [{ onError: 'ignore' }, 'Invalid option "onError": it must be "continue" or "stop", but got "ignore".'],
    [{ onerror: 'stop' }, 'Invalid option "onerror": it is unknown; did you mean "onError"? (the known ones are onError, concurrency).'],
    [{ constructor: 1 }, 'Invalid option "constructor": it is unknown; the known ones are onError, concurrency.'],
    [null, 'Invalid option "options": it must be an object, but got null.'],
    ['stop', 'Invalid option "options": it must be an object, but got "stop".'],
    [[], 'Invalid option "options": it must be an object, but got an array.']
  ]

  for (const [options, message] of cases) {
    t.throws(() => new BackgroundTasks([], options as object), { code: 'FST_BGT_INVALID_OPTION', message })
  }
  t.same(new BackgroundTasks([], { onError: undefined }).tasks, [])
})

t.test('the tasks of a collection that runs again are others, and begin with their first attempts', async (t) => {
  const attempts: Array<[id: string, attempt: number]> = []
  const fails = defineTask(async () => {
    const { id, attempt } = taskContext()!
    attempts.push([id, attempt])
    if (attempts.length < 3) throw new Error('once more')
  }, { retries: 1 })
  const tasks = new BackgroundTasks([new BackgroundTask(fails)])
  await t.rejects(tasks.run())
  await tasks.run()

  const [first, , second] = attempts.map(([id]) => id)
  t.same(attempts, [[first, 1], [first, 2], [second, 1]])
  t.not(first, second)
})
