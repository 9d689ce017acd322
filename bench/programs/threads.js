// Trivial tasks on one thread: `node threads.js <way>`. It answers how many microseconds each has taken.
import Fastify from 'fastify'
import backgroundTasks, { BackgroundTask } from 'fastify-background-tasks'
import fastifyPiscina from 'fastify-piscina'
import { Piscina } from 'piscina'
import { fileURLToPath } from 'node:url'
import { add } from '../tasks/math.js'
import { answer } from './answer.js'

const worker = { filename: fileURLToPath(new URL('../piscina/math.js', import.meta.url)), maxThreads: 1 }
const app = Fastify()

/** The plugin; from a handler, as tasks are added in life. */
async function withPlugin (count) {
  await app.register(backgroundTasks, { tasks: new URL('../tasks/', import.meta.url), threads: { max: 1 } })
  app.get('/:count', async ({ backgroundTasks, params }) => {
    for (let i = 0; i < Number(params.count); i++) backgroundTasks.addTask(add, i, 1)
  })
}

async function byHand () {
  const piscina = new Piscina({ ...worker, name: 'add' })
  return (a) => piscina.run({ a, b: 1 })
}

async function byFastifyPiscina () {
  await app.register(fastifyPiscina, worker)
  await app.ready()
  return (a) => app.piscina.run({ a, b: 1 }, { name: 'add' })
}

const oneByOne = (run) => async (count) => { for (let a = 0; a < count; a++) await run(a) }
const atOnce = (run) => async (count) => { await Promise.all(Array.from({ length: count }, (_, a) => run(a))) }

const ways = {
  'piscina, one by one': async () => oneByOne(await byHand()),
  'piscina, at once': async () => atOnce(await byHand()),
  'fastify-piscina, at once': async () => atOnce(await byFastifyPiscina()),
  async 'plugin, one request' () {
    await withPlugin()
    return async (count) => {
      await app.inject(`/${count}`)
      await app.backgroundTasks.idle()
    }
  },
  async 'plugin, as many collections' () {
    await withPlugin()
    return async (count) => {
      for (let a = 0; a < count; a++) app.backgroundTasks.addTask(add, a, 1)
      await app.backgroundTasks.idle()
    }
  },
  async 'plugin, results awaited' () {
    await withPlugin()
    return atOnce((a) => new BackgroundTask(add, a, 1)())
  }
}

const run = await ways[process.argv[2]]()

answer({
  async run (count) {
    const start = performance.now()
    await run(count)
    return (performance.now() - start) * 1e3 / count
  }
})
