import t from 'tap'
import type { Worker } from 'node:worker_threads'
import { BackgroundTask, BackgroundTasks } from '../../lib/index.js'
import * as work from '../fixtures/tasks/work.js'
import { createApp, listen } from '../helpers/app.js'
import { createGate, createNotes, notesIn } from '../helpers/notes.js'
import { tasks } from './open-pool.js'

t.test('a synchronous function of a task module runs in a thread, while the server goes on answering', async (t) => {
  const { app } = await createApp(t, { tasks, threads: { max: 1 } })
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
  while (app.backgroundTasks.running === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  t.match(app.backgroundTasks, { pending: 0, running: 1, completed: 0, failed: 0 })
  open()
  await app.backgroundTasks.idle()
  t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 1, failed: 0 })
})

t.test('a handler that adds the request, the reply or a function for a thread gets an error', async (t) => {
  const { app } = await createApp(t, { tasks, threads: { max: 1 } })
  app.get('/', async (request, reply) => {
    const messages: string[] = []
    for (const arg of [request, reply, () => {}, { request }, request.raw, reply.raw, app]) {
      try {
        request.backgroundTasks.addTask(work.identity, arg)
      } catch (error) {
        messages.push((error as Error).message)
      }
    }
    return messages
  })
  const messages = await (await fetch(`http://127.0.0.1:${await listen(app)}`)).json() as string[]
  t.equal(messages.length, 7)
  for (const [i, place] of ['args[0]', 'args[0]', 'args[0]', 'args[0].request', 'args[0]', 'args[0]', 'args[0]'].entries()) t.match(messages[i], `(${place}) cannot be cloned`)
  t.match(app.backgroundTasks, { pending: 0, running: 0 })
})

t.test('a collection that holds tasks and collections made without an app runs them in the threads of the app', async (t) => {
  const { app } = await createApp(t, { tasks, threads: { max: 1 } })
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

t.test('onTaskError gets the error and the task of a thread', async (t) => {
  const calls: unknown[] = []
  const { app } = await createApp(t, {
    tasks,
    threads: { max: 1 },
    onTaskError: (error, { name, execution, args }) => { calls.push([(error as Error).message, name, execution, args]) }
  })
  app.backgroundTasks.addTask(work.fail, 'reported')
  await app.backgroundTasks.idle()
  t.same(calls, [['reported', 'work.fail', 'thread', ['reported']]])
})

t.test('close waits for tasks in threads, and then for the threads', async (t) => {
  const { app } = await createApp(t, { tasks, threads: { max: 1 } })
  const notes = createNotes()
  const workers: Worker[] = []
  const listener = (worker: Worker) => { workers.push(worker) }
  process.on('worker', listener)
  t.teardown(() => process.off('worker', listener))
  let noted: number[] = []
  app.addHook('onClose', async () => { noted = notesIn(notes) })
  app.get('/', async (request) => {
    for (let i = 1; i <= 5; i++) request.backgroundTasks.addTask(work.spin, notes, i, 20)
    return 'ok'
  })
  const origin = `http://127.0.0.1:${await listen(app)}`

  await fetch(origin, { headers: { connection: 'close' } })
  await app.close()
  t.same(noted, [1, -1, 2, -2, 3, -3, 4, -4, 5, -5])
  t.same(workers.map(({ threadId }) => threadId), [-1], 'the thread has ended')
})

t.test('a thread that is still at work at closeTimeout is stopped, and nothing goes on', async (t) => {
  const unfinished: unknown[] = []
  const { app } = await createApp(t, {
    tasks,
    threads: { max: 1 },
    closeTimeout: 2_000,
    onTaskError: (error, { name }) => { unfinished.push([name, (error as { code?: string }).code]) }
  })
  const notes = createNotes()
  const { gate, reached } = createGate()
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.block, gate)
    request.backgroundTasks.addTask(work.endless)
    request.backgroundTasks.addTask(work.note, notes, 1)
    return 'ok'
  })
  await app.inject('/')
  await reached()
  await app.close()
  t.same(unfinished, ['work.block', 'work.endless', 'work.note'].map((name) => [name, 'FST_BGT_UNFINISHED']), 'each is reported once')
  await app.backgroundTasks.idle()
  t.same(notesIn(notes), [], 'nothing goes on')
})

t.test('an app logs what its threads report', async (t) => {
  const { app, log } = await createApp(t, { tasks, threads: { max: 1 } })
  app.backgroundTasks.addTask(work.leaveBehind)
  app.backgroundTasks.addTask(work.after, 100)
  await app.backgroundTasks.idle()
  t.match(log.with('a callback of a background task threw after the task had ended'), [{ level: 50, task: 'work.leaveBehind', err: { message: 'left behind' } }])
  t.match(log.lines.filter(({ level }) => level === 40), [{ task: 'work.after', msg: /"work\.after" returns a promise but is not declared async/ }])
})
