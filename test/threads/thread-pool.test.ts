import { fileURLToPath } from 'node:url'
import type { Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { loadTasks } from '../../lib/index.js'
import * as work from '../fixtures/tasks/work.js'
import { createApp, listen } from '../helpers/app.js'
import { createGate, createNotes, notesIn } from '../helpers/notes.js'
import { startProgram } from '../helpers/program.js'

const tasks = new URL('../fixtures/tasks/', import.meta.url)

t.before(() => loadTasks(tasks))

t.test('a slow task does not hold others back while another thread is free, though they travelled with it', async (t) => {
  const { app } = await createApp(t, { tasks, threads: { max: 2 } })
  const notes = createNotes()
  // Known to be quick, so that the next ones travel together, and the slow one among them as it goes by the same name.
  for (let i = 1; i <= 40; i++) app.backgroundTasks.addTask(work.spin, notes, i, 0)
  await app.backgroundTasks.idle()

  const { gate, reached, open } = createGate()
  app.backgroundTasks.addTask(work.block, gate)
  await reached()
  for (let i = 41; i <= 60; i++) app.backgroundTasks.addTask(work.spin, notes, i, i === 45 ? 1_500 : 0)
  open()

  while (!notesIn(notes).includes(-60)) await new Promise((resolve) => setTimeout(resolve, 5))
  t.notOk(notesIn(notes).includes(-45), 'the last has ended before the slow one')
  await app.backgroundTasks.idle()
  t.equal(notesIn(notes).length, 120, 'each exactly once')
})

t.test('what waits behind a slow task goes before what has come later', async (t) => {
  const { app } = await createApp(t, { tasks, threads: { max: 2 } })
  const [slow, other] = [createGate(), createGate()]
  const notes = createNotes()
  // Known to be quick, they travel together.
  for (const { gate, open } of [slow, other]) {
    open()
    app.backgroundTasks.addTask(work.block, gate)
    app.backgroundTasks.addTask(work.note, notes, 0)
    await app.backgroundTasks.idle()
    gate.fill(0)
  }
  notes.fill(0)

  app.backgroundTasks.addTask(work.block, other.gate)
  await other.reached()
  app.backgroundTasks.addTask(work.block, slow.gate)
  app.backgroundTasks.addTask(work.note, notes, 1)
  await slow.reached()
  app.backgroundTasks.addTask(work.note, notes, 2)
  await new Promise((resolve) => setTimeout(resolve, 100))
  other.open()
  while (notesIn(notes).length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
  t.same(notesIn(notes), [1, 2])
  slow.open()
})

t.test('a task that waits behind another in its thread ends for its collection as soon as it has ended', async (t) => {
  const { app } = await createApp(t, { tasks, threads: { max: 1 } })
  const notes = createNotes()
  for (let i = 1; i <= 40; i++) app.backgroundTasks.addTask(work.spin, notes, i, 0)
  await app.backgroundTasks.idle()

  let wentOn = false
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.spin, notes, 41, 0)
    request.backgroundTasks.addTask(async () => { wentOn = !notesIn(notes).includes(-42) })
    return 'ok'
  })
  const { gate, reached, open } = createGate()
  app.backgroundTasks.addTask(work.block, gate)
  await reached()
  await app.inject('/')
  app.backgroundTasks.addTask(work.spin, notes, 42, 500)
  open()
  await app.backgroundTasks.idle()
  t.ok(wentOn, 'though the slow one travelled with it')
})

t.test('no more threads run than max', async (t) => {
  const { app } = await createApp(t, { tasks, threads: { max: 2 } })
  const gates = Array.from({ length: 4 }, createGate)
  for (const { gate } of gates) app.backgroundTasks.addTask(work.block, gate)

  await gates[0]!.reached()
  await gates[1]!.reached()
  t.match(app.backgroundTasks, { pending: 2, running: 2 })
  t.equal(gates[2]!.gate[0], 0)
  for (const { open } of gates) open()
  await app.backgroundTasks.idle()
  t.equal(app.backgroundTasks.completed, 4)
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

t.test('a thread that has not ended closeTimeout after the server is stopped, and its tasks are named', async (t) => {
  const { app, log } = await createApp(t, { tasks, threads: { max: 1 }, closeTimeout: 2_000 })
  const notes = createNotes()
  const { gate, reached } = createGate()
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.block, gate)
    request.backgroundTasks.addTask(work.endless)
    request.backgroundTasks.addTask(work.note, notes, 1)
    return 'ok'
  })
  app.backgroundTasks.addTask(work.add, 1, 2)
  await app.backgroundTasks.idle()
  await app.inject('/')
  await reached()
  app.backgroundTasks.addTask(work.note, notes, 2)
  await app.close()

  const unfinished = log.with('background task unfinished: closeTimeout has passed')
  t.same(unfinished.map(({ task, state }) => [task, state]), [
    ['work.block', 'running'], ['work.endless', 'waiting'], ['work.note', 'waiting'], ['work.note', 'waiting']
  ])
  t.same(log.with('background task failed'), [], 'they are told of once')
  await app.backgroundTasks.idle()
  t.same(notesIn(notes), [], 'nothing goes on')
})

t.test('a thread without work is let go after idleTimeout, and there is a new one for the next task', async (t) => {
  const { app } = await createApp(t, { tasks, threads: { max: 1, idleTimeout: 1 } })
  const threads = createNotes()
  for (let i = 0; i < 2; i++) {
    app.backgroundTasks.addTask(work.noteThread, threads)
    app.backgroundTasks.addTask(work.noteThread, threads)
    await app.backgroundTasks.idle()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }

  const [first, second, third, fourth] = notesIn(threads)
  t.equal(second, first)
  t.not(third, first)
  t.equal(fourth, third)
})

t.test('a task that comes after the close still runs', async (t) => {
  const { app } = await createApp(t, { tasks })
  const notes = createNotes()
  app.addHook('onClose', async () => {
    app.backgroundTasks.addTask(work.note, notes, 1)
    await app.backgroundTasks.idle()
  })
  app.backgroundTasks.addTask(work.note, notes, 0)

  await app.close()
  t.same(notesIn(notes), [0, 1])
})

/** Runs a program in the way in which a user's application runs. */
async function run (t: Test, args: string[], files: NonNullable<Parameters<Test['testdir']>[0]>) {
  const folder = t.testdir(files)
  const { exit, output } = startProgram(t, [process.execPath, ...args], { cwd: folder })
  return { code: await exit(), output: output() }
}

const lib = new URL('../../lib/index.js', import.meta.url).href
const cpu = `
export function busy (ms: number): boolean {
  const end = Date.now() + ms
  while (Date.now() < end);
  return isMainThread
}`
const program = `
await loadTasks(new URL('./tasks/', import.meta.url))
const task = new BackgroundTask(busy, 50)
const inMainThread = await task()
const app = Fastify()
await app.register(backgroundTasks, { tasks: new URL('./tasks/', import.meta.url) })
app.get('/', async (request) => {
  request.backgroundTasks.addTask(busy, 50)
  return 'ok'
})
await app.inject('/')
await app.close()
console.log(task.name, task.execution, inMainThread, app.backgroundTasks.completed)
`
const expected = 'cpu.busy thread false 1\n'
const fastify = import.meta.resolve('fastify')
const tsx = import.meta.resolve('tsx')
const imports = `
import Fastify from '${fastify}'
import backgroundTasks, { BackgroundTask, loadTasks } from '${lib}'
`

t.test('a program that has used threads ends by itself, from JavaScript', async (t) => {
  const result = await run(t, ['app.mjs'], {
    'app.mjs': `${imports}import { busy } from './tasks/cpu.mjs'\n${program}`,
    tasks: { 'cpu.mjs': `import { isMainThread } from 'node:worker_threads'\n${cpu.replace(/: (number|boolean)/g, '')}` }
  })
  t.same(result, { code: 0, output: expected })
})

t.test('a task whose arguments are more than a thread can hold fails alone', async (t) => {
  const result = await run(t, ['app.mjs'], {
    'app.mjs': `${imports}import { size } from './tasks/size.mjs'
      const app = Fastify()
      const failed = []
      await app.register(backgroundTasks, {
        tasks: './tasks',
        threads: { max: 1, resourceLimits: { maxOldGenerationSizeMb: 24 } },
        closeTimeout: 60_000, // memory runs out slowly on a machine that is busy
        onTaskError: ({ code }, { args }) => { failed.push(code, args[0].length) }
      })
      app.backgroundTasks.addTask(size, [])
      await app.backgroundTasks.idle()
      const sizes = [1, 2, 3, 500_000, 4, 5, 6]
      for (const length of sizes) app.backgroundTasks.addTask(size, Array.from({ length }, (_, i) => [i]))
      await app.close()
      console.log(app.backgroundTasks.completed, ...failed)`,
    tasks: { 'size.mjs': 'export function size (list) { return list.length }' }
  })
  t.same(result, { code: 0, output: '7 FST_BGT_THREAD 500000\n' })
})

t.test('without an app it ends by itself, too', async (t) => {
  const result = await run(t, ['app.mjs'], {
    'app.mjs': `${imports}import { busy } from './tasks/cpu.mjs'
      await loadTasks('./tasks')
      console.log(await new BackgroundTask(busy, 10)())`,
    tasks: { 'cpu.mjs': `import { isMainThread } from 'node:worker_threads'\n${cpu.replace(/: (number|boolean)/g, '')}` }
  })
  t.same(result, { code: 0, output: 'false\n' })
})

t.test('threads run TypeScript where the program does: with tsx, as an ES module', async (t) => {
  const result = await run(t, ['--import', tsx, 'app.ts'], {
    'package.json': '{ "type": "module" }',
    'app.ts': `${imports}import { busy } from './tasks/cpu.js'\n${program}`,
    tasks: { 'cpu.ts': `import { isMainThread } from 'node:worker_threads'\n${cpu}` }
  })
  t.same(result, { code: 0, output: expected })
})

t.test('threads run TypeScript where the program does: with tsx, as CommonJS', async (t) => {
  const result = await run(t, ['--import', tsx, 'app.ts'], {
    'package.json': '{ "type": "commonjs" }',
    'app.ts': `import { busy } from './tasks/cpu'
      import type { FastifyInstance } from 'fastify'
      const Fastify: any = require('${fileURLToPath(fastify)}')
      const backgroundTasks: any = require('${fileURLToPath(lib)}')
      async function main () {
        const app: FastifyInstance = Fastify()
        await app.register(backgroundTasks, { tasks: __dirname + '/tasks' })
        const task = new backgroundTasks.BackgroundTask(busy, 50)
        const inMainThread = await task()
        app.get('/', async (request) => {
          request.backgroundTasks.addTask(busy, 50)
          return 'ok'
        })
        await app.inject('/')
        await app.close()
        console.log(task.name, task.execution, inMainThread, app.backgroundTasks.completed)
      }
      main()`,
    tasks: { 'cpu.ts': `import { isMainThread } from 'node:worker_threads'\n${cpu}` }
  })
  t.same(result, { code: 0, output: expected })
})

t.test('threads run TypeScript where the program does: with the types that Node strips', {
  skip: !('typescript' in process.features) && 'this Node strips no types'
}, async (t) => {
  const result = await run(t, ['--disable-warning=ExperimentalWarning', 'app.ts'], {
    'package.json': '{ "type": "module" }',
    'app.ts': `${imports}import { busy } from './tasks/cpu.ts'\n${program}`,
    tasks: { 'cpu.ts': `import { isMainThread } from 'node:worker_threads'\n${cpu}` }
  })
  t.same(result, { code: 0, output: expected })
})
