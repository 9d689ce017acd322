// What a task costs where there are many: `node growth.js <way>`, where way is "array" or "plugin".
import Fastify from 'fastify'
import backgroundTasks from 'fastify-background-tasks'
import { quantile } from '../spread.js'
import { answer } from './answer.js'

const way = process.argv[2]
const app = Fastify()
let [waiting, arrived] = [0, () => {}]
let gate = Promise.resolve()

async function task () {}

/** A handler that goes on when all of them are there. */
async function meet () {
  if (--waiting === 0) arrived()
  await gate
}

let hasEnded = async () => {}
if (way === 'array') {
  const running = new Set()
  app.decorateRequest('tasks', null)
  app.addHook('onResponse', async ({ tasks }) => {
    running.add(tasks)
    for (const [func, ...args] of tasks) await func(...args)
    running.delete(tasks)
  })
  app.get('/:tasks', async (request) => {
    request.tasks = []
    for (let i = 0; i < Number(request.params.tasks); i++) request.tasks.push([task, 1, 2])
    await meet()
  })
  hasEnded = async () => { while (running.size > 0) await new Promise(setImmediate) }
} else {
  await app.register(backgroundTasks)
  app.get('/:tasks', async (request) => {
    for (let i = 0; i < Number(request.params.tasks); i++) request.backgroundTasks.addTask(task, 1, 2)
    await meet()
  })
  hasEnded = async () => { await app.backgroundTasks.idle() }
}
await app.ready()

/** So many requests at once, with so many tasks each. */
async function wave (requests, tasks) {
  waiting = requests
  gate = new Promise((resolve) => { arrived = resolve })
  await Promise.all(Array.from({ length: requests }, () => app.inject(`/${tasks}`)))
  await hasEnded()
  await new Promise(setImmediate) // until then what has been looked at by a WeakRef is kept, as inject() does
}

/** Microseconds of CPU time for each of some requests. */
async function costOfRequest (requests, tasks, waves) {
  const before = process.cpuUsage()
  for (let i = 0; i < waves; i++) await wave(requests, tasks)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / (waves * requests)
}

answer({
  /**
   * Microseconds of CPU time for each task. What a request without tasks costs is not theirs, and differs from one moment to
   * the next by more than a task costs: each look at it has one at requests with tasks beside it, and the median counts.
   */
  async cost ({ requests, tasks, pairs }) {
    const waves = Math.ceil(600 / Math.sqrt(tasks) / requests)
    const costs = []
    for (let pair = 0; pair < pairs; pair++) {
      const idle = await costOfRequest(requests, 0, waves)
      costs.push((await costOfRequest(requests, tasks, waves) - idle) / tasks)
    }
    return quantile(costs, 0.5)
  }
})
