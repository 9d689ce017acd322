import { tracingChannel } from 'node:diagnostics_channel'
import { PassThrough } from 'node:stream'

/** Watches the requests to a scope, and their tasks. Returns a function that opens a stream of events, for the page. */
export function watch (scope) {
  const viewers = new Set()
  /** Queue tasks that no worker has taken. What a worker runs belongs to no request, so its name shows which task it is. */
  const queued = []
  /** The requests of those that a worker has taken, by the tasks' ids: it retries them if they fail. */
  const taken = new Map()

  /** Page and server share no clock, so each event carries its time, in milliseconds. */
  function publish (request, type, details) {
    const event = JSON.stringify({ at: performance.now(), request, type, ...details })
    for (const viewer of viewers) viewer.write(`data: ${event}\n\n`)
  }

  scope.addHook('onRequest', async ({ id, url }, reply) => {
    publish(id, 'received', { url })
    // Not in an onResponse hook: this scope's hooks come after the plugin's, which awaits the tasks.
    reply.raw.once('finish', () => { publish(id, 'replied', { status: reply.statusCode }) })
  })
  scope.addHook('onRequestAbort', async ({ id }) => { publish(id, 'left') })
  scope.addHook('onSend', async ({ id, backgroundTasks }) => {
    const all = backgroundTasks.tasks.flatMap((task) => [task, ...task.tasks ?? []]) // those of a group behind the group
    const tasks = all.map(({ name, execution }) => ({ name, execution }))
    for (const { name, execution } of tasks) if (execution === 'queue') queued.push({ request: id, name })
    publish(id, 'settled', { tasks })
  })

  function requestOf ({ id, name, request }) {
    if (request !== undefined) return request.id
    if (!taken.has(id)) taken.set(id, queued.splice(queued.findIndex((task) => task.name === name), 1)[0].request)
    return taken.get(id)
  }

  const channel = tracingChannel('fastify-background-tasks.task')
  const subscribers = {
    start (trace) {
      publish(requestOf(trace), 'started', { task: trace.id, name: trace.name })
    },
    asyncEnd (trace) {
      const { id: task, result, error } = trace
      if ('error' in trace) return publish(requestOf(trace), taken.has(task) ? 'retried' : 'failed', { task, error: String(error) })
      publish(requestOf(trace), 'completed', { task, result })
      taken.delete(task)
    }
  }
  channel.subscribe(subscribers)

  // Open streams would keep the server from closing. Tasks are still watched: they end before the onClose hooks run.
  scope.addHook('preClose', async () => { for (const viewer of viewers) viewer.end() })
  scope.addHook('onClose', async () => { channel.unsubscribe(subscribers) })

  return () => {
    const viewer = new PassThrough()
    viewer.write(': connected\n\n')
    viewer.on('close', () => { viewers.delete(viewer) })
    viewers.add(viewer)
    return viewer
  }
}
