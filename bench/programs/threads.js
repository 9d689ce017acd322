// Trivial tasks on one thread: `node threads.js <way>`. It answers what they have taken.
import Fastify from 'fastify'
import backgroundTasks from 'fastify-background-tasks'
import { Piscina } from 'piscina'
import { fileURLToPath } from 'node:url'
import { add } from '../tasks/math.js'
import { answer, measured } from './answer.js'

const ways = {
  async piscina () {
    const piscina = new Piscina({ filename: fileURLToPath(new URL('../piscina/math.js', import.meta.url)), maxThreads: 1, name: 'add' })
    return async (count) => { await Promise.all(Array.from({ length: count }, (_, a) => piscina.run({ a, b: 1 }))) }
  },
  async 'plugin, one collection' () {
    const app = await openApp()
    return async (count) => {
      await app.inject(`/${count}`)
      await app.backgroundTasks.idle()
    }
  },
  async 'plugin, many collections' () {
    const app = await openApp()
    return async (count) => {
      for (let a = 0; a < count; a++) app.backgroundTasks.addTask(add, a, 1)
      await app.backgroundTasks.idle()
    }
  }
}

/** From a handler, as tasks are added in life. */
async function openApp () {
  const app = Fastify()
  await app.register(backgroundTasks, { tasks: new URL('../tasks/', import.meta.url), threads: { max: 1 } })
  app.get('/:count', async ({ backgroundTasks, params }) => {
    for (let i = 0; i < Number(params.count); i++) backgroundTasks.addTask(add, i, 1)
  })
  return app
}

const run = await ways[process.argv[2]]()
answer({ run: (count) => measured(() => run(count)) })
