// What a task costs where there are many: `node growth.js <way>`, where way is "array" or "plugin".
import Fastify from 'fastify'
import backgroundTasks, { BackgroundTasks } from 'fastify-background-tasks'
import { quantile } from '../spread.js'
import { answer } from './answer.js'

async function task () {}

/** Waits for the tasks of an array. */
async function drain (tasks) {
  for (const [func, ...args] of tasks) await func(...args)
}

const app = Fastify()
const ways = {
  array () {
    const running = new Set()
    app.decorateRequest('tasks', null)
    app.addHook('onResponse', async ({ tasks }) => {
      running.add(tasks)
      await drain(tasks)
      running.delete(tasks)
    })
    return {
      of: (request) => (request.tasks = []),
      create: () => [],
      add: (tasks) => tasks.push([task, 1, 2]),
      drain,
      hasEnded: async () => { while (running.size > 0) await new Promise(setImmediate) }
    }
  },
  plugin () {
    app.register(backgroundTasks)
    return {
      of: (request) => request.backgroundTasks,
      create: () => new BackgroundTasks(),
      add: (tasks) => tasks.addTask(task, 1, 2),
      drain: (tasks) => tasks.run(),
      hasEnded: () => app.backgroundTasks.idle()
    }
  }
}
const way = ways[process.argv[2]]()

function fill (tasks, count) {
  for (let i = 0; i < count; i++) way.add(tasks)
  return tasks
}

let [waiting, arrived] = [0, () => {}]
let gate = Promise.resolve()
app.get('/:tasks', async (request) => {
  fill(way.of(request), Number(request.params.tasks))
  if (--waiting === 0) arrived()
  await gate // until all of them are there
})
await app.ready()

/** So many requests at once, with so many tasks each. */
async function requests (count, tasks) {
  waiting = count
  gate = new Promise((resolve) => { arrived = resolve })
  await Promise.all(Array.from({ length: count }, () => app.inject(`/${tasks}`)))
  await way.hasEnded()
  await new Promise(setImmediate) // until then what has been looked at by a WeakRef is kept, as inject() does
}

/** So many collections at once, with so many tasks each, which no request carries. */
async function collections (count, tasks) {
  await Promise.all(Array.from({ length: count }, () => fill(way.create(), tasks)).map(way.drain))
  await new Promise(setImmediate)
}

/** Microseconds of CPU time that something takes each time. */
async function costOf (times, something) {
  const before = process.cpuUsage()
  for (let i = 0; i < times; i++) await something()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / times
}

answer({
  /**
   * Microseconds of CPU time for each task of some requests at once, for each of these requests, and for each request without
   * tasks. What the latter costs is not the tasks', and differs from one moment to the next by more than a task costs: each
   * look at it has one at requests with tasks beside it, once after it and once before it, and the median counts.
   */
  async requests ({ count, tasks, pairs }) {
    const times = Math.ceil((count > 100 ? 4_000 : 200) / count)
    const [full, empty] = [[], []]
    for (let pair = 0; pair < pairs; pair++) {
      const looks = [[empty, 0], [full, tasks]]
      for (const [costs, tasks] of pair % 2 === 0 ? looks : looks.reverse()) {
        costs.push(await costOf(times, () => requests(count, tasks)) / count)
      }
    }
    const each = full.map((cost, pair) => (cost - empty[pair]) / tasks)
    return { task: quantile(each, 0.5), full: quantile(full, 0.5), empty: quantile(empty, 0.5) }
  },

  /** Microseconds of CPU time for each task of some collections at once. */
  async collections ({ count, tasks, looks }) {
    const all = count * tasks
    const costs = []
    for (let look = 0; look < looks; look++) costs.push(await costOf(Math.ceil(100_000 / all), () => collections(count, tasks)) / all)
    return quantile(costs, 0.5)
  }
})
