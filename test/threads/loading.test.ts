import t from 'tap'
import { loadTaskModules } from '../../lib/threads/task-modules.js'
import * as work from '../fixtures/tasks/work.js'
import { openPool } from './open-pool.js'

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
  const { run } = await openPool(t)
  await loadTaskModules(folder)

  const errors: unknown[] = []
  for (const file of ['throws.mjs', 'lacks.cjs', 'exits.mjs', 'server.mjs']) {
    const functions = Object.values<any>(await import(`file://${folder}/${file}`))
    const func = functions.find((func) => typeof func === 'function') ?? functions[0].lacks
    errors.push(await run(func).catch((error) => error))
    t.equal(await run(work.add, 1, 2), 3)
  }
  t.match(errors, [
    { code: 'FST_BGT_TASK_MODULE', message: /throws\.mjs: it cannot be loaded in a worker thread: only on the main thread/ },
    { code: 'FST_BGT_TASK_MODULE', message: /lacks\.cjs: it cannot be loaded in a worker thread: it exports no function "lacks" there/ },
    { code: 'FST_BGT_TASK_MODULE', message: /exits\.mjs: its worker thread ended while it was loading: worker exited with code: 5/ },
    { code: 'FST_BGT_TASK_MODULE', message: /server\.mjs: its worker thread ended while it was loading: listen EADDRINUSE/ }
  ])
})

t.test('a module has a minute to load in a thread, and then fails its tasks', async (t) => {
  const folder = t.testdir({
    'hangs.mjs': `
      import { isMainThread } from 'node:worker_threads'
      export function hangs () {}
      if (!isMainThread) await new Promise(() => setInterval(() => {}, 1000))
    `
  })
  const { run } = await openPool(t)
  await loadTaskModules(folder)
  const { hangs } = await import(`file://${folder}/hangs.mjs`)

  // The clock of the threads goes on by 59 s, and by another 2 s.
  const { hrtime } = process
  let [ahead, hasFailed] = [0, false]
  process.hrtime = Object.assign((): [number, number] => {
    const [seconds, nanoseconds] = hrtime()
    return [seconds + ahead, nanoseconds]
  }, { bigint: hrtime.bigint })
  t.teardown(() => { process.hrtime = hrtime })
  const failure = run(hangs).catch((error) => {
    hasFailed = true
    return error
  })
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  ahead = 57
  await new Promise((resolve) => setTimeout(resolve, 100))
  t.notOk(hasFailed)
  ahead = 61
  t.match(await failure, { code: 'FST_BGT_TASK_MODULE', message: /hangs\.mjs: it has not finished loading in a worker thread after 60 s/ })
  process.hrtime = hrtime
  t.equal(await run(work.add, 1, 2), 3)
})

t.test('a module is not blamed if an earlier task has ended the thread in which it loads', async (t) => {
  const folder = t.testdir({
    'slow.mjs': `
      import { isMainThread } from 'node:worker_threads'
      import { setTimeout } from 'node:timers/promises'
      if (!isMainThread) await setTimeout(300)
      export function slow () { return 'loaded' }
    `
  })
  const { run } = await openPool(t)
  await loadTaskModules(folder)
  await run(work.leaveExitBehind, 100)
  t.equal(await run((await import(`file://${folder}/slow.mjs`)).slow), 'loaded')
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
  const { run } = await openPool(t)
  await loadTaskModules(folder)
  t.equal(await run((await import(`file://${folder}/required.cjs`)).required), false)
})
