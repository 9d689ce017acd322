import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import t from 'tap'
import { Attempt } from '../lib/core/attempt.js'
import { Task } from '../lib/core/task.js'
import { BackgroundTask, BackgroundTasks, loadTasks, taskContext } from '../lib/index.js'
import * as context from './fixtures/tasks/context.js'
import * as work from './fixtures/tasks/work.js'
import { createApp, listen } from './helpers/app.js'
import { importCopies } from './helpers/copies.js'
import { createNotes, notesIn } from './helpers/notes.js'
import { deferred } from './helpers/promise.js'
import { createThreadApp, tasks } from './helpers/threads.js'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/

t.before(() => loadTasks(tasks))
t.teardown(() => new BackgroundTask(work.exit, 0)().catch(() => {}))

t.test('tasks know themselves before anybody has asked: at once and behind each await', async (t) => {
  const { app } = await createApp(t)
  const seen: unknown[] = []
  const helper = async () => {
    await sleep(1)
    return taskContext()?.name
  }
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(async function first () {
      await sleep(1)
      await Promise.all([null, sleep(1)])
      seen.push(taskContext()?.name, await helper())
    })
    request.backgroundTasks.addTask(function plain () { seen.push(taskContext()?.name) })
    request.backgroundTasks.addTask(function thenable () {
      return { then (resolve: () => void) { seen.push(taskContext()?.name); resolve() } }
    })
    seen.push(taskContext())
    return 'ok'
  })

  await (await fetch(`http://127.0.0.1:${await listen(app)}`)).text()
  await app.backgroundTasks.idle()
  t.same(seen, [undefined, 'first', 'first', 'plain', 'thenable'])
  t.equal(taskContext(), undefined)
})

t.test('a task knows itself at any depth, in callbacks too, in every execution', async (t) => {
  for (const [func, name] of [[context.look, 'context.look'], [context.lookInThread, 'context.lookInThread']] as const) {
    const views = await new BackgroundTask(func)() as Array<{ id: string }>
    t.match(views, [0, 1, 2].map(() => ({ id: uuid, name, attempt: 1, isAborted: false })))
    t.equal(new Set(views.map(({ id }) => id)).size, 1)
    const [again] = await new BackgroundTask(func)() as Array<{ id: string }>
    t.not(again?.id, views[0]?.id, 'each run is another task')
  }
  const inline = await new BackgroundTask(function inline () { return context.look() })()
  t.match(inline, [0, 1, 2].map(() => ({ id: uuid, name: 'inline', attempt: 1 })))
})

t.test('who runs a task is not in it: neither nobody nor another task', async (t) => {
  taskContext() // from now on callbacks know their task, on every Node.js
  const seen: unknown[] = []
  const see = () => { seen.push(taskContext()?.name) }
  const task = new BackgroundTask(async function outer () {
    const ended = new BackgroundTask(async function inner () { see() })()
    see()
    await ended
    see()
  })

  const ended = task()
  see()
  await ended
  see()
  t.same(seen, ['inner', 'outer', undefined, 'outer', undefined])
})

t.test('tasks that run beside each other know themselves', async (t) => {
  const { app } = await createThreadApp(t)
  const seen: string[] = []
  for (let i = 0; i < 20; i++) {
    app.backgroundTasks.addTask({
      async [`task ${i}`] () {
        for (let k = 0; k < 3; k++) await sleep(Math.random() * 3)
        seen.push(`${i}: ${taskContext()?.name}`)
      }
    }[`task ${i}`] as () => Promise<void>)
  }
  await app.backgroundTasks.idle()
  t.same(seen.sort(), Array.from({ length: 20 }, (_, i) => `${i}: task ${i}`).sort())
})

t.test('a task logs by its request\'s logger, with its name and id, from a thread too', async (t) => {
  const { app, log } = await createThreadApp(t)
  const ids: unknown[] = []
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(async function send () {
      const { id, log } = taskContext()!
      ids.push(id)
      log.info('sent')
    })
    request.backgroundTasks.addTask(context.log)
    request.backgroundTasks.addTask(context.logLater)
    request.backgroundTasks.addTask(work.after, 100)
    request.backgroundTasks.addTask(new BackgroundTasks([new BackgroundTask(async function inner () { taskContext()!.log.info('within') })]))
    return request.id
  })
  const { body: reqId } = await app.inject('/')
  await app.backgroundTasks.idle()

  t.match(log.with('sent'), [{ reqId, task: 'send', taskId: ids[0] }])
  t.match(log.lines.filter(({ task, msg }) => task === 'context.log' && !msg.startsWith('background task')), [
    { level: 20, reqId, taskId: uuid, msg: 'a line below' },
    { level: 30, reqId, size: 3, msg: 'a line of text' },
    { level: 40, reqId, part: 1, from: 'https://example.com/', helper: /Function: helper/, err: { type: 'RangeError', message: 'logged' }, callback: /Function: callback/ },
    { level: 50, reqId, err: { type: 'TypeError', message: 'alone' } }
  ])
  t.match(log.with('when it had ended'), [{ task: 'context.logLater', taskId: uuid }])
  t.match(log.with('within'), [{ reqId, task: 'inner', taskId: uuid }])
})

t.test('a thread sends no lines that nobody writes', async (t) => {
  const { app, log } = await createThreadApp(t, {}, { logger: { level: 'warn' } })
  app.backgroundTasks.addTask(context.log)
  await app.backgroundTasks.idle()
  t.same(log.lines.map(({ level }) => level), [40, 50])

  const custom = await createThreadApp(t, {}, { logger: { customLevels: { verbose: 25 }, level: 'verbose' } })
  custom.app.backgroundTasks.addTask(context.log)
  await custom.app.backgroundTasks.idle()
  t.same(custom.log.lines.map(({ level }) => level), [30, 40, 50])

  const silent = await createThreadApp(t, {}, { logger: false })
  silent.app.backgroundTasks.addTask(context.log)
  await silent.app.backgroundTasks.idle()
  t.equal(silent.app.backgroundTasks.completed, 1)
  await new BackgroundTask(context.log)()
  await new BackgroundTask(async () => { taskContext()!.log.child({}).info('nowhere') })()
})

t.test('nothing that shows a promise of a task shows its arguments', async (t) => {
  let shown = ''
  await new BackgroundTask(async function send (secret: string) { shown = inspect(Promise.resolve(), { showHidden: true, depth: 5 }) }, 'sesame')()
  t.notMatch(shown, /sesame/)
  const task = new Task(work.add, ['sesame'])
  t.equal(inspect(task), 'Task work.add')
  t.equal(inspect(new Attempt(task, {}, 'await', 1, undefined)), 'Attempt at work.add')
})

t.test('the signal of an async task aborts when it runs past its timeout', async (t) => {
  const { app } = await createApp(t, { timeout: 30 })
  const reasons: unknown[] = []
  app.backgroundTasks.addTask(async function slow () {
    const { signal } = taskContext()!
    t.equal(signal, taskContext()!.signal)
    signal.addEventListener('abort', () => { reasons.push(signal.reason.code) })
    await new Promise(() => {})
  })
  app.backgroundTasks.addTask(async function late () {
    await sleep(60)
    reasons.push(taskContext()!.signal.aborted)
  })
  await app.backgroundTasks.idle()
  await sleep(60)
  t.same(reasons, ['FST_BGT_TIMEOUT', true])
})

t.test('the signal of a task in a thread aborts before its thread is stopped', async (t) => {
  const notes = createNotes()
  const { app, log } = await createThreadApp(t)
  app.backgroundTasks.addTask(context.heedTimeout, notes)
  await app.backgroundTasks.idle()
  t.match(log.failed, [{ err: { code: 'FST_BGT_TIMEOUT', message: /"context\.heedTimeout" ran past its timeout of 200 ms/ } }])
  while (notesIn(notes).length < 2) await sleep(5)
  t.same(notesIn(notes), [1, 2])
})

t.test('signals abort when the app closes and closeTimeout has passed, in every execution', async (t) => {
  const { app } = await createThreadApp(t, { closeTimeout: 4_000 })
  const notes = createNotes()
  const reasons: unknown[] = []
  const begun = deferred()
  async function heed () {
    const { signal } = taskContext()!
    signal.addEventListener('abort', () => { reasons.push(signal.reason.name) })
    begun.resolve()
    await new Promise(() => {})
  }
  app.backgroundTasks.addTask(heed)
  app.backgroundTasks.addTask(() => heed())
  app.backgroundTasks.addTask(new BackgroundTasks([new BackgroundTask(heed)]))
  app.backgroundTasks.addTask(context.heedSignal, notes)
  await begun.promise
  while (notesIn(notes).length < 1) await sleep(5)
  await app.close()

  t.same(reasons, ['AbortError', 'AbortError', 'AbortError'])
  t.same(notesIn(notes), [1, 3])
})

t.test('a task is known to all copies of the package in its thread', async (t) => {
  const copies = await importCopies(t)
  t.not(copies[0].taskContext, copies[1].taskContext)
  for (const { BackgroundTask } of copies) {
    const names = await new BackgroundTask(async function charge () {
      await null
      return copies.map(({ taskContext }) => taskContext()?.name)
    })()
    t.same(names, ['charge', 'charge'])
  }
})
