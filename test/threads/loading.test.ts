import t from 'tap'
import { BackgroundTask, loadTasks } from '../../lib/index.js'
import * as work from '../fixtures/tasks/work.js'
import { createThreadApp, tasks } from '../helpers/threads.js'

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

t.before(() => loadTasks(tasks))

t.test('a callback that throws when its task has ended is logged, and harms no other task', async (t) => {
  const { app, log } = await createThreadApp(t)
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.leaveBehind)
    request.backgroundTasks.addTask(work.after, 100)
    return 'ok'
  })

  await app.inject('/')
  await app.backgroundTasks.idle()
  t.match(app.backgroundTasks, { completed: 2, failed: 0 })
  t.match(log.errors, [{ task: 'work.leaveBehind', err: { message: 'left behind' }, msg: /threw after the task had ended/ }])
})

t.test('without an app, such a callback is told by a warning of the process', async (t) => {
  const warnings: Error[] = []
  const listen = (warning: Error) => { warnings.push(warning) }
  process.on('warning', listen)
  t.teardown(() => process.off('warning', listen))

  await new BackgroundTask(work.leaveBehind)()
  await new BackgroundTask(work.after, 100)()
  while (warnings.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  t.match(warnings[0]?.message, /"work\.leaveBehind" threw after the task had ended: Error: left behind/)
})

t.test('a module that loads here but not in a thread fails its tasks with a clear error', async (t) => {
  const folder = t.testdir({
    'throws.mjs': `
      import { isMainThread } from 'node:worker_threads'
      if (!isMainThread) throw new Error('only on the main thread')
      export function throws () {}
    `,
    'lacks.cjs': `
      if (require('node:worker_threads').isMainThread) exports.lacks = function lacks () {}
    `,
    'exits.mjs': `
      import { isMainThread } from 'node:worker_threads'
      if (!isMainThread) process.exit(5)
      export function exits () {}
    `,
    'server.mjs': `
      import { createServer } from 'node:http'
      export const server = createServer().listen(Number(process.env.TEST_TASK_PORT), '127.0.0.1')
      export function serves () {}
    `
  })
  process.env.TEST_TASK_PORT = '0'
  const { server } = await import(`file://${folder}/server.mjs`)
  while (server.address() === null) await new Promise((resolve) => setTimeout(resolve, 5))
  t.teardown(() => server.close())
  process.env.TEST_TASK_PORT = String(server.address().port)
  const { app, log } = await createThreadApp(t, { tasks: [folder, tasks] as URL[] })

  for (const file of ['throws.mjs', 'lacks.cjs', 'exits.mjs', 'server.mjs']) {
    const functions = Object.values<any>(await import(`file://${folder}/${file}`))
    app.backgroundTasks.addTask(functions.find((func) => typeof func === 'function') ?? functions[0].lacks)
    app.backgroundTasks.addTask(work.add, 1, 2)
    await app.backgroundTasks.idle()
  }
  t.match(log.with('background task failed').map(({ task, err }) => [task, err.code, err.message]), [
    ['throws.throws', 'FST_BGT_TASK_MODULE', /throws\.mjs: it cannot be loaded in a worker thread: only on the main thread/],
    ['lacks.lacks', 'FST_BGT_TASK_MODULE', /lacks\.cjs: it cannot be loaded in a worker thread: it exports no function "lacks" there/],
    ['exits.exits', 'FST_BGT_TASK_MODULE', /exits\.mjs: its worker thread ended while it was loading: worker exited with code: 5/],
    ['server.serves', 'FST_BGT_TASK_MODULE', /server\.mjs: its worker thread ended while it was loading: listen EADDRINUSE/]
  ])
  t.match(app.backgroundTasks, { completed: 4, failed: 4 })
})

t.test('a module that never finishes loading in a thread fails its tasks after 10 s', async (t) => {
  const folder = t.testdir({
    'hangs.mjs': `
      import { isMainThread } from 'node:worker_threads'
      export function hangs () {}
      if (!isMainThread) await new Promise(() => setInterval(() => {}, 1000))
    `
  })
  const { app, log } = await createThreadApp(t, { tasks: [folder, tasks] as URL[] })

  app.backgroundTasks.addTask((await import(`file://${folder}/hangs.mjs`)).hangs)
  app.backgroundTasks.addTask(work.add, 1, 2)
  await app.backgroundTasks.idle()
  t.match(log.with('background task failed'), [
    { task: 'hangs.hangs', err: { code: 'FST_BGT_TASK_MODULE', message: /has not finished loading in a worker thread after 10 s/ } }
  ])
  t.match(app.backgroundTasks, { completed: 1, failed: 1 })
})

t.test('a module is not blamed where an earlier task has ended the thread in which it loads', async (t) => {
  const folder = t.testdir({
    'slow.mjs': `
      import { isMainThread } from 'node:worker_threads'
      import { setTimeout } from 'node:timers/promises'
      if (!isMainThread) await setTimeout(300)
      export function slow () {}
    `
  })
  const { app, log } = await createThreadApp(t, { tasks: [folder, tasks] as URL[] })
  app.backgroundTasks.addTask(work.leaveExitBehind, 100)
  await app.backgroundTasks.idle()
  app.backgroundTasks.addTask((await import(`file://${folder}/slow.mjs`)).slow)
  await app.backgroundTasks.idle()
  t.match(app.backgroundTasks, { completed: 2, failed: 0 })
  t.same(log.errors, [])
})

t.test('a module that can be required but not imported is required: so it is with TypeScript and Node 20', async (t) => {
  const folder = t.testdir({
    'required.cjs': `
      const { isMainThread } = require('node:worker_threads')
      if (!isMainThread && !globalThis.isSecondTime) {
        globalThis.isSecondTime = true
        throw Object.assign(new Error('Unknown file extension ".ts"'), { code: 'ERR_UNKNOWN_FILE_EXTENSION' })
      }
      exports.required = function required () { return isMainThread }
    `
  })
  const { app } = await createThreadApp(t, { tasks: [folder, tasks] as URL[] })
  app.backgroundTasks.addTask((await import(`file://${folder}/required.cjs`)).required)
  await app.backgroundTasks.idle()
  t.match(app.backgroundTasks, { completed: 1, failed: 0 })
})

t.test('threads that cannot start fail the tasks, and not the process', async (t) => {
  const { app, log } = await createThreadApp(t, { threads: { max: 2, resourceLimits: { maxOldGenerationSizeMb: 4, maxYoungGenerationSizeMb: 1 } } })

  for (const i of numbers(5)) app.backgroundTasks.addTask(work.add, i, i)
  await app.backgroundTasks.idle()
  t.equal(app.backgroundTasks.failed, 5)
  t.match(log.with('background task failed')[0]?.err, { code: 'FST_BGT_THREAD', message: /cannot be started: .*memory/ })
})
