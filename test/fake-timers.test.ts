import { mock } from 'node:test'
import t from 'tap'
import { defineTask } from '../lib/index.js'
import { stubborn } from './fixtures/tasks/context.js'
import * as work from './fixtures/tasks/work.js'
import { createApp, listen } from './helpers/app.js'
import { createNotes, notesIn } from './helpers/notes.js'
import { createThreadApp } from './helpers/threads.js'
import { limited } from '../lib/core/timers.js'

t.afterEach(() => { mock.timers.reset() })

t.test('fake timers stop neither inline tasks, retries and timeouts nor idle() and close()', async (t) => {
  const { app } = await createApp(t, { retries: 1, backoff: 1 })
  const ran: string[] = []
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(() => { ran.push('inline') })
    request.backgroundTasks.addTask(async () => { if (ran.push('async') === 2) throw new Error('once') })
    request.backgroundTasks.addTask(defineTask(async function hangs () { await new Promise(() => {}) }, { timeout: 10, retries: 0 }))
    return 'ok'
  })
  const port = await listen(app)
  mock.timers.enable()
  await (await fetch(`http://127.0.0.1:${port}`)).text()
  await app.backgroundTasks.idle()
  t.same(ran, ['inline', 'async', 'async'])
  t.equal(app.backgroundTasks.failed, 1)
  await app.close()
})

t.test('fake timers do not stop tasks in threads', async (t) => {
  const { app } = await createThreadApp(t)
  const notes = createNotes()
  mock.timers.enable()
  app.backgroundTasks.addTask(work.note, notes, 1)
  app.backgroundTasks.addTask(stubborn, new Int32Array(new SharedArrayBuffer(4)), 1)
  await app.backgroundTasks.idle()
  t.same(notesIn(notes), [1])
  t.match(app.backgroundTasks, { completed: 2, failed: 0 })
})

t.test('closeTimeout passes under fake timers', async (t) => {
  const { app, log } = await createApp(t, { closeTimeout: 30 })
  mock.timers.enable()
  app.backgroundTasks.addTask(async function endless () { await new Promise(() => {}) })
  await app.close()
  t.match(log.unfinished, [{ task: 'endless' }])
})

t.test('an answer that arrives while the process is busy is not late', async (t) => {
  await new Promise(setImmediate) // timers come next, and then what has arrived
  const answer = limited(new Promise((resolve) => { setImmediate(() => { resolve('answer') }) }), 5)
  const end = performance.now() + 20
  while (performance.now() < end);
  t.equal(await answer, 'answer')
  await t.rejects(limited(new Promise(() => {}), 5), { message: 'no answer within 5 ms' })
})
