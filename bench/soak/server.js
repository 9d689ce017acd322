// The server of the soak, with --expose-gc. Its other end is ../soak.js.
import Fastify from 'fastify'
import backgroundTasks from 'fastify-background-tasks'
import { Readable } from 'node:stream'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import * as tasks from './tasks.js'

/** How many tasks there may be: each has a byte of each count. */
const capacity = 2 ** 24
const bytes = () => new Uint8Array(new SharedArrayBuffer(capacity))
const tally = { begun: bytes(), completed: bytes() }
const failed = bytes()
const kindOf = bytes()
let accepted = 0
let refused = 0
let warnings = 0
process.on('warning', () => { warnings++ })

/** Of each kind: its share of a thousand tasks, how often each begins, and whether it completes. */
const kinds = Object.entries({
  awaited: { share: 450, begins: 1, completes: true },
  computing: { share: 300, begins: 1, completes: true },
  closure: { share: 208, begins: 1, completes: true },
  throwing: { share: 20, begins: 1, completes: false },
  flaky: { share: 10, begins: 2, completes: true },
  failing: { share: 10, begins: 2, completes: false },
  crashing: { share: 1, begins: 1, completes: false },
  endless: { share: 1, begins: 1, completes: false }
}).map(([name, kind]) => ({ name, func: tasks[name] ?? closure, ...kind }))
const lottery = kinds.flatMap(({ share }, kind) => Array(share).fill(kind))

/** Not exported by a task module, so that it runs inline. */
function closure (tally, i) {
  tally.begun[i]++
  tally.completed[i]++
}

function addSome (collection) {
  for (let n = Math.floor(Math.random() * 5); n > 0 && accepted < capacity; n--) {
    const kind = lottery[Math.floor(Math.random() * lottery.length)]
    try {
      collection.addTask(kinds[kind].func, tally, accepted)
      kindOf[accepted++] = kind
    } catch (error) {
      if (error.code !== 'FST_BGT_QUEUE_FULL') throw error
      refused++
    }
  }
}

const abandoned = () => process.exit(1)
process.on('disconnect', abandoned)
process.on('message', async (question) => {
  process.send(await { heap, close }[question]())
  if (question === 'close') process.off('disconnect', abandoned).disconnect() // from here on nothing should keep the process
})
const before = process.getActiveResourcesInfo()
const app = Fastify()
await app.register(backgroundTasks, {
  tasks: new URL('./tasks.js', import.meta.url),
  threads: { max: 2 },
  maxPending: 500,
  onTaskError: (_error, { args: [, i] }) => { failed[i]++ }
})

app.get('/', async ({ backgroundTasks }) => {
  addSome(backgroundTasks)
  return 'ok'
})
app.get('/slow', async ({ backgroundTasks }) => {
  addSome(backgroundTasks)
  await sleep(Math.random() * 30)
  addSome(backgroundTasks)
  return 'ok'
})
app.get('/stream', async ({ backgroundTasks }) => {
  addSome(backgroundTasks)
  return Readable.from((async function * () {
    for (let n = 0; n < 10; n++) {
      yield Buffer.alloc(10_000, 'x')
      await sleep(2)
    }
  })())
})
app.get('/throw', async ({ backgroundTasks }) => {
  addSome(backgroundTasks)
  throw new Error('in the handler')
})
app.get('/hijack', (request, reply) => {
  addSome(request.backgroundTasks)
  reply.hijack()
  reply.raw.end('ok')
})
app.get('/run', async ({ backgroundTasks }) => {
  addSome(backgroundTasks)
  await backgroundTasks.run().catch(() => {})
  return 'ok'
})
app.post('/', async ({ backgroundTasks }) => {
  addSome(backgroundTasks)
  addSome(app.backgroundTasks)
  return 'ok'
})

/** What keeps the process alive and did not at its start. */
function leftHandles () {
  const left = process.getActiveResourcesInfo()
  for (const handle of before) if (left.includes(handle)) left.splice(left.indexOf(handle), 1)
  return left
}

async function heap () {
  await sleep(100) // handlers whose clients have hung up still add tasks
  await app.backgroundTasks.idle()
  for (let i = 0; i < 5; i++) {
    await turn()
    global.gc()
  }
  return { heap: process.memoryUsage().heapUsed / 1e6, accepted }
}

async function close () {
  await app.close()
  await sleep(100) // sockets and threads have ended, but Node.js has yet to let them go

  const added = Object.fromEntries(kinds.map(({ name }) => [name, 0]))
  const wrong = {}
  for (let i = 0; i < accepted; i++) {
    const { name, begins, completes } = kinds[kindOf[i]]
    added[name]++
    if (tally.begun[i] === begins && tally.completed[i] === Number(completes) && failed[i] === Number(!completes)) continue
    const what = `${name}: begun ${tally.begun[i]}, completed ${tally.completed[i]}, failed ${failed[i]}`
    wrong[what] = (wrong[what] ?? 0) + 1
  }

  const { pending, running, completed, failed: failures } = app.backgroundTasks
  const counts = { pending, running, completed, failed: failures }
  const threads = process.report.getReport().workers.length
  return { accepted, refused, added, wrong, counts, warnings, handles: leftHandles(), threads }
}

await app.listen({ host: '127.0.0.1', port: 0 })
process.send(app.server.address().port)
