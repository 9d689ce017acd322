// A worker in a process of its own, for tests that kill or stop it: node worker-process.js '{ "connection", "name", … }'
import { resolveQueueOptions } from '../../lib/queue/queue-options.js'
import { startWorker } from '../../lib/queue/queue-worker.js'
import { functions, Lines, Outcomes } from './harness.js'

const { connection, name, lockDuration, concurrency } = JSON.parse(process.argv[2] as string)
const lines = new Lines()
const outcomes = new Outcomes()
const worker = await startWorker(resolveQueueOptions({ connection, name }), {
  name,
  concurrency,
  lockDuration,
  log: lines.log,
  functions,
  createOwner: (job) => outcomes.createOwner(job, lines)
})
process.on('SIGTERM', () => { worker.close() }) // then nothing keeps it alive
console.log('worker started')
setInterval(() => { for (const { message } of lines.all.splice(0)) console.log(message) }, 20).unref()
