// Memory of a server, with --expose-gc. It answers what the heap holds, and what a waiting task takes of it.
import Fastify from 'fastify'
import backgroundTasks from 'fastify-background-tasks'
import { setImmediate as turn } from 'node:timers/promises'
import { send } from '../tasks/mail.js'
import { add, block } from '../tasks/math.js'
import { serve } from './answer.js'

const app = Fastify()
await app.register(backgroundTasks, { tasks: new URL('../tasks/', import.meta.url), threads: { max: 1 } })

// Of each kind some: five tasks.
app.get('/', async ({ backgroundTasks }) => {
  backgroundTasks.addTask(send, 'ada@example.com', { subject: 'Hi' })
  backgroundTasks.addTask(add, 1, 2)
  backgroundTasks.addTask(async () => {})
  backgroundTasks.addTask(add, 3, 4)
  backgroundTasks.addTask(() => {})
  return 'ok'
})

/** Bytes that the heap holds when the garbage is out. */
async function heap () {
  await app.backgroundTasks.idle()
  return await settledHeap()
}

async function settledHeap () {
  for (let i = 0; i < 5; i++) {
    await turn()
    global.gc()
  }
  return process.memoryUsage().heapUsed
}

/** Of each waiting task the bytes: of one request, behind a task that does not end before `release`. */
async function bytesWaiting (count, first, func, release) {
  const app = Fastify()
  await app.register(backgroundTasks, { threads: { max: 1 } })
  app.get('/', async ({ backgroundTasks }) => {
    first(backgroundTasks)
    for (let i = 0; i < count; i++) backgroundTasks.addTask(func, 1, 2)
  })
  const before = await settledHeap()
  await app.inject('/')
  const bytes = (await settledHeap() - before) / count
  release()
  await app.close()
  return bytes
}

await serve(app, {
  heap,
  async waiting ({ kind, count }) {
    if (kind === 'thread') {
      const memory = new SharedArrayBuffer(4)
      return await bytesWaiting(count, (tasks) => tasks.addTask(block, memory), add, () => {
        Atomics.store(new Int32Array(memory), 0, 1)
        Atomics.notify(new Int32Array(memory), 0)
      })
    }
    let release
    const gate = new Promise((resolve) => { release = resolve })
    return await bytesWaiting(count, (tasks) => tasks.addTask(async () => await gate), send, release)
  }
})
