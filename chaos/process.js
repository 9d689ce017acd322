// What an API and a worker have alike: a log that goes to the history, a clock that can be moved, and what they say at the end.
import { register } from 'prom-client'
import { record } from './record.js'

export { register }

const before = process.getActiveResourcesInfo()
const outcomes = [[/ completed$/, 'completed'], [/ stored on the queue$/, 'stored'], [/ failed and will be retried: /, 'retried'], [/^background task ".*" failed: /, 'failed']]

/** Fastify's option `logger`: each line becomes an event. */
export const logger = {
  level: 'debug',
  stream: {
    write (text) {
      const { level, msg = '', taskId, attempt, execution, reqId, job, err } = JSON.parse(text)
      const what = taskId !== undefined && outcomes.find(([pattern]) => pattern.test(msg))?.[1]
      if (what) record('log', { what, id: taskId, attempt, execution, job, code: err?.code ?? err?.type })
      else if (msg.startsWith('background tasks discarded')) record('discarded', { r: Number(reqId) })
      else if (level >= 40) record('warning', { level, msg: msg.slice(0, 200), err: err?.message?.slice(0, 200) })
    }
  }
}

/** The option `onTaskError`. A group says itself which it is; of `waitUntil`, which has no arguments, the error does. */
export function onTaskError (error, task) {
  const code = error.code ?? error.name
  if (task.group !== undefined) record('report', { group: task.group, code })
  else record('report', { t: task.args[0]?.t ?? /of (\S+)$/.exec(error.message)?.[1], code })
}

/** Moves this process's clock. */
let offset = 0
const { now } = Date
Date.now = () => now() + offset
globalThis.Date = class extends Date {
  constructor (...args) {
    super(...(args.length === 0 ? [Date.now()] : args))
  }
}

/** Closes at SIGTERM, and then says what is left. */
export function run (name, closing, questions = {}) {
  process.on('disconnect', () => process.exit(1)) // its harness has died
  process.on('warning', ({ name, message }) => { record('warning', { level: 40, msg: `${name}: ${message}` }) })
  process.on('message', async ({ question, argument }) => {
    if (question === 'clock') offset = argument
    else {
      const answer = await questions[question](argument)
      if (process.connected) process.send(answer)
    }
  })
  process.once('SIGTERM', async () => {
    record('closing', {})
    const counts = await closing()
    record('closed', { name, counts, metrics: await metrics() })
    process.removeAllListeners('disconnect').disconnect() // from here on nothing should keep the process
    for (let wait = 0; wait < 20 && left().length + threads() > 0; wait++) await new Promise((resolve) => { setTimeout(resolve, 100) })
    record('left', { handles: left(), threads: threads() })
  })
}

async function metrics () {
  const { values } = await register.getSingleMetric('background_tasks_total').get()
  const sums = { completed: 0, stored: 0, failed: 0 }
  for (const { labels, value } of values) sums[labels.outcome] += value
  return sums
}

/** What keeps the process alive and did not at its start. */
function left () {
  const handles = process.getActiveResourcesInfo().filter((name) => name !== 'Timeout' && name !== 'Immediate')
  for (const handle of before) if (handles.includes(handle)) handles.splice(handles.indexOf(handle), 1)
  return handles
}

function threads () {
  process.report.excludeNetwork = true
  return process.report.getReport().workers.length
}
