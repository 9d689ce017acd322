// A worker under test.
import Fastify from 'fastify'
import { createWorker } from 'fastify-background-tasks/worker'
import { bounds } from './kinds.js'
import { logger, onTaskError, register, run } from './process.js'

const { connection } = JSON.parse(process.argv[2])
const { log } = Fastify({ logger })
const worker = await createWorker({
  tasks: new URL('tasks/', import.meta.url),
  queue: { connection },
  concurrency: bounds.jobs,
  threads: { max: bounds.threads, resourceLimits: { maxOldGenerationSizeMb: 48 } },
  blockedWarning: 0,
  metrics: { register },
  logger: log,
  onTaskError
})
run('worker', async () => { await worker.close() })
process.send(0)
