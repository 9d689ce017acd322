// The app under test. It does what requests say: which tasks to add, and how to respond.
import Fastify from 'fastify'
import backgroundTasks, { BackgroundTasks, defineTask } from 'fastify-background-tasks'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { bounds } from './kinds.js'
import { logger, onTaskError, register, run } from './process.js'
import { record } from './record.js'
import * as released from './tasks/released.js'
import * as tasks from './tasks/work.js'

const { http2, queue, awaitTasks } = JSON.parse(process.argv[2])

const closures = {
  closure: (task) => { tasks.work(task) },
  asyncClosure: async (task) => { await tasks.workAsync(task) },
  flakyClosure: defineTask(async (task) => { tasks.work(task, tasks.failUntil(1)) }, { name: 'flakyClosure', retries: 2 }),
  throwingClosure: (task) => { tasks.work(task, tasks.failUntil(Infinity)) }
}
const functionOf = (kind) => kind === 'released' ? released[`released${process.env.CHAOS_RELEASE}`] : closures[kind] ?? tasks[kind]

const app = Fastify({ http2, logger, requestIdHeader: 'x-r', forceCloseConnections: true, pluginTimeout: 60_000 })

/** Says when a response is over, before the plugin hears of it. Not every response says so itself: its socket may. */
const open = new Map()
app.addHook('onRequest', (request, reply, done) => {
  const { raw: { socket } } = request
  const over = () => {
    if (!open.get(socket)?.delete(over)) return
    record('over', { r: Number(request.id), status: reply.raw.statusCode })
  }
  if (!open.has(socket)) {
    open.set(socket, new Set())
    socket.once('close', () => {
      for (const end of open.get(socket)) end()
      open.delete(socket)
    })
  }
  open.get(socket).add(over)
  reply.raw.once('finish', over).once('close', over)
  reply.header('x-r', request.id)
  done()
})

/** A client that has left does not learn that it was refused. */
app.addHook('onError', async (request, reply, { code }) => {
  if (code === 'FST_BGT_QUEUE_UNAVAILABLE') record('unavailable', { r: Number(request.id) })
})

await app.register(backgroundTasks, {
  tasks: new URL('tasks/', import.meta.url),
  threads: { max: bounds.threads, resourceLimits: { maxOldGenerationSizeMb: 48 } },
  maxRunning: bounds.running,
  maxPending: 400,
  closeTimeout: 15_000,
  backoff: 20,
  blockedWarning: 0,
  metrics: { register },
  awaitTasks,
  queue,
  onTaskError
})
await app.register(async (instance) => instance.addHook('onClose', async () => { record('resource-closed', {}) }))

/** Adds what the plan says to a collection, the groups within it with all of theirs. */
function add (collection, nodes, more) {
  for (const node of nodes) {
    try {
      if (node.nodes !== undefined) {
        collection.addTask(groupOf(node, more))
        for (const child of node.nodes) record('added', { ...child, ...more })
      } else if (node.kind === 'waitUntil') collection.waitUntil(watched(node))
      else record('added', { ...node, ...more, id: collection.addTask(...callOf(node, more, collection)).id })
      if (node.kind === 'waitUntil') record('added', { ...node, ...more })
    } catch (error) {
      if (!['FST_BGT_QUEUE_FULL', 'FST_BGT_CLOSED'].includes(error.code)) throw error
      record('refused', { t: node.t, code: error.code })
    }
  }
}

function callOf ({ t, kind, ms }, more, collection) {
  if (kind !== 'adder') return [functionOf(kind), { t, kind, ms }]
  return [(task) => {
    tasks.work(task, () => { add(collection, [{ t: `${t}+`, kind: 'closure', ms }], { ...more, isLate: true }) })
  }, { t, kind, ms }]
}

function groupOf ({ t, nodes, options }, more) {
  const group = Object.assign(new BackgroundTasks(null, options), { group: t })
  for (const node of nodes) group.addTask(...callOf(node, { ...more, group: options }, group))
  return group
}

async function watched ({ t, kind, ms, fails }) {
  record('begin', { t, kind, attempt: 1, thread: 0 })
  await sleep(ms)
  record('end', { t, kind, attempt: 1, ok: !fails })
  if (fails) throw new Error(`of ${t}`)
}

for (const runOn of ['always', 'success']) {
  for (const onError of ['continue', 'stop']) {
    app.post(`/${runOn}/${onError}`, { config: { backgroundTasks: { runOn, onError } } }, async (request, reply) => {
      const { r, mode, ms, tasks, later, outside } = request.body
      const more = { r, runOn, onError, mode }
      if (mode === 'hijack') reply.hijack()
      try {
        add(request.backgroundTasks, tasks, more)
        add(app.backgroundTasks, outside, { ...more, isOutside: true })
        if (ms > 0) await sleep(ms)
        if (mode === 'late') setTimeout(() => { add(request.backgroundTasks, later, { ...more, isLate: true }) }, 50)
        else add(request.backgroundTasks, later, more)
        return await respond(request, reply, mode)
      } finally {
        record('handled', { r })
      }
    })
  }
}

async function respond (request, reply, mode) {
  if (mode === 'throw') throw new Error('in the handler')
  if (mode === 'run') await request.backgroundTasks.run().catch(() => {})
  if (mode === 'hijack') {
    reply.raw.setHeader('x-r', request.id)
    reply.raw.end('ok')
    return
  }
  if (mode !== 'stream') return { ok: true }
  return reply.send(Readable.from((async function * () {
    for (let n = 0; n < 5; n++) {
      yield Buffer.alloc(10_000, 'x')
      await sleep(3)
    }
  })()))
}

run('api', async () => {
  await app.close()
  const { pending, running, completed, failed } = app.backgroundTasks
  return { pending, running, completed, failed }
}, {
  async heap () {
    await app.backgroundTasks.idle()
    for (let i = 0; i < 5; i++) {
      await sleep(20)
      global.gc()
    }
    return process.memoryUsage().heapUsed / 1e6
  }
})
await app.listen({ host: '127.0.0.1', port: 0 })
process.send(app.server.address().port)
