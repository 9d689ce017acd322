// A worker that runs stored tasks, ten jobs at once: `node worker.js <way> <tasks a job> <connection> <name>`, where way is
// "hand" (a Worker of BullMQ, which calls the function of each job's name) or "plugin". It answers when all have run.
import { randomUUID } from 'node:crypto'
import { createWorker } from 'fastify-background-tasks/worker'
import { countTo, tick } from '../tasks/count.js'
import { answer, measured } from './answer.js'
import { openQueue, openWorker } from './bull.js'

const [, , way, size, connection, name] = process.argv
const concurrency = 10
const queue = await openQueue(name, connection)
if (way === 'hand') openWorker(name, connection, async ({ data }) => await tick(...data), concurrency)
else await createWorker({ tasks: new URL('../tasks/', import.meta.url), queue: { connection, name }, concurrency })

/** Of a job of ours it is what the plugin stores. */
function createJob () {
  if (way === 'hand') return { name: 'tick', data: ['ada@example.com'], opts: { removeOnComplete: { age: 300 } } }

  const tasks = Array.from({ length: Number(size) }, () => ({ id: randomUUID(), name: 'count.tick', args: ['ada@example.com'], attempts: 5 }))
  return { name: 'count.tick', data: { version: 1, onError: 'continue', tasks }, opts: { jobId: randomUUID(), attempts: 1, removeOnComplete: { age: 300 }, removeOnFail: { age: 300 } } }
}

answer({
  /** The jobs are there when the time begins: the queue is paused until then. */
  async work (count) {
    await queue.pause()
    const jobs = Array.from({ length: Math.ceil(count / Number(size)) }, createJob)
    await queue.addBulk(jobs)
    const ended = countTo(jobs.length * Number(size))
    return await measured(async () => {
      await queue.resume()
      await ended
    })
  },
  async clear () { await queue.obliterate({ force: true }) }
})
