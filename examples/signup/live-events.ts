import { tracingChannel } from 'node:diagnostics_channel'
import { PassThrough } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { ExecutionName, TaskTrace } from 'fastify-background-tasks'

/** What happens to a request and to its tasks. */
type Happening =
  | { type: 'received', method: string, url: string }
  | { type: 'hungUp' }
  | { type: 'settled', tasks: Array<{ name: string, execution: ExecutionName }> }
  | { type: 'replied', status: number }
  | { type: 'started', task: string }
  | { type: 'completed', task: string, result: unknown }
  | { type: 'failed', task: string, error: string }

/** How many events a viewer gets who comes later. */
const longestHistory = 200

/** Sends server-sent events to the page: what happens to requests and their tasks, as it happens. */
export class LiveEvents {
  readonly #viewers = new Set<PassThrough>()
  readonly #history: string[] = []

  /** A stream of the latest events, and of those to come. */
  open (): PassThrough {
    const viewer = new PassThrough()
    for (const event of this.#history) viewer.write(event)
    viewer.write(format({ type: 'watching' }))
    viewer.on('close', () => { this.#viewers.delete(viewer) })
    this.#viewers.add(viewer)
    return viewer
  }

  /** Watches the requests to the routes of a scope, and their tasks. */
  watch (scope: FastifyInstance): void {
    scope.addHook('onRequest', async ({ id, method, url }, reply) => {
      this.#publish(id, { type: 'received', method, url })
      // Not in an onResponse hook: this scope's hooks come after the plugin's, which awaits the tasks.
      reply.raw.once('finish', () => { this.#publish(id, { type: 'replied', status: reply.statusCode }) })
    })
    scope.addHook('onRequestAbort', async ({ id }) => {
      this.#publish(id, { type: 'hungUp' })
    })
    scope.addHook('onSend', async ({ id, backgroundTasks }) => {
      const tasks = backgroundTasks.tasks.map(({ name, execution }) => ({ name, execution }))
      this.#publish(id, { type: 'settled', tasks })
    })

    const channel = tracingChannel<unknown, TaskTrace>('fastify-background-tasks.task')
    const subscribers = {
      start: ({ id: task, request }: TaskTrace) => {
        this.#publish(idOf(request), { type: 'started', task })
      },
      asyncEnd: ({ id: task, request, ...outcome }: TaskTrace) => {
        if ('error' in outcome) this.#publish(idOf(request), { type: 'failed', task, error: String(outcome.error) })
        else this.#publish(idOf(request), { type: 'completed', task, result: outcome.result })
      },
      // The type asks for all five.
      end () {},
      asyncStart () {},
      error () {}
    }
    channel.subscribe(subscribers)

    // Open streams would keep the server from closing. Tasks are still watched: they end before the onClose hooks run.
    scope.addHook('preClose', async () => { for (const viewer of this.#viewers) viewer.end() })
    scope.addHook('onClose', async () => { channel.unsubscribe(subscribers) })
  }

  #publish (request: string, happening: Happening): void {
    const event = format({ request, ...happening })
    this.#history.push(event)
    if (this.#history.length > longestHistory) this.#history.shift()
    for (const viewer of this.#viewers) viewer.write(event)
  }
}

/** Page and server share no clock, so each event carries its time, in milliseconds. */
function format (event: object): string {
  return `data: ${JSON.stringify({ at: performance.now(), ...event })}\n\n`
}

function idOf (request: unknown): string {
  return (request as { id: string }).id
}
