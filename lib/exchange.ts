import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ServerHttp2Stream } from 'node:http2'
import type { BackgroundTasks } from './core/background-tasks.js'
import type { TaskTracker } from './core/task-tracker.js'
import { TrackedTasks } from './core/tracked-tasks.js'
import type { ResolvedOptions } from './options.js'
import { reportTo } from './report.js'
import { routeOptionsOf } from './route-options.js'

/** Where a request keeps its exchange. */
export const kExchange = Symbol('fastify-background-tasks.exchange')

type Carrier = { [kExchange]?: Exchange | null }

/** A request's exchange; none where the request has not come as far as the plugin's `onRequest` hook. */
export function exchangeOf (request: FastifyRequest): Exchange | null | undefined {
  return (request as Carrier)[kExchange]
}

/** A request's exchange, which begins here if it has not. */
export function beginExchange (request: FastifyRequest, tracker: TaskTracker, options: ResolvedOptions): Exchange {
  return ((request as Carrier)[kExchange] ??= new Exchange(request, tracker, options))
}

/** Subscriber of Fastify's tracing channel. */
export function endOfHandler (message: unknown): void {
  exchangeOf((message as { request: FastifyRequest }).request)?.settled()
}

/**
 * How long a handler may go on after its client has left, in milliseconds. Then it counts as settled: a handler that
 * replies by callback need not reply to nobody, and nothing else would tell that it has ended.
 */
const longestAfterlife = 60_000

/** How long tasks wait for other plugins' `onResponse` hooks, in milliseconds: one that has failed ends the chain. */
const longestOnResponse = 1_000

/**
 * A request with its response, and the request's tasks. They may run once the response is over, be it sent or
 * abandoned by the client, and the handler has settled.
 */
export class Exchange {
  readonly #request: FastifyRequest
  readonly #tracker: TaskTracker
  readonly #options: ResolvedOptions
  #reply: FastifyReply | undefined
  #tasks: TrackedTasks | undefined
  #hasSettled = false
  #isOver = false
  #timer: NodeJS.Timeout | undefined

  constructor (request: FastifyRequest, tracker: TaskTracker, options: ResolvedOptions) {
    this.#request = request
    this.#tracker = tracker
    this.#options = options
    tracker.handlerStarted()
  }

  /** The request's collection, created at first use. */
  get tasks (): BackgroundTasks {
    return (this.#tasks ??= this.#createTasks())
  }

  /** Whether the request has asked for its collection. */
  get hasTasks (): boolean {
    return this.#tasks !== undefined
  }

  /** Watches the response's connection. */
  watch (reply: FastifyReply): this {
    if (this.#reply === undefined) {
      this.#reply = reply
      reply.raw.on('close', () => { this.#closed(reply) })
    }
    return this
  }

  /** The handler has settled: it has replied, or ended without a reply. */
  settled (): void {
    if (this.#hasSettled) return

    this.#hasSettled = true
    this.#tracker.handlerSettled()
    if (this.#isOver) this.#release()
  }

  /** The response was sent, and other plugins' `onResponse` hooks have ended. Resolves when the tasks have. */
  async responded (): Promise<void> {
    this.#isOver = true
    // To Fastify an HTTP/2 client that has left looks like one that was served, while the handler is still at work.
    if (!this.#hasSettled && !this.#reply?.sent) return

    this.settled()
    await this.#release()
  }

  /** The response's connection is closed. */
  #closed (reply: FastifyReply): void {
    // Hijacked, or ended by hand: no onSend hook has told.
    if (reply.sent) this.settled()
    if (!this.#hasSettled) return this.#outlive(reply)
    if (this.#isOver) return

    const release = () => {
      this.#isOver = true
      this.#release()
    }
    if (this.hasTasks && wasSent(reply)) this.#timer = setTimeout(release, longestOnResponse)
    else release()
  }

  /** The client has left, and the handler is still at work. */
  #outlive (reply: FastifyReply): void {
    this.#isOver = true
    this.#timer = setTimeout(() => { this.settled() }, longestAfterlife).unref()

    // From now on nothing else would tell that the handler has taken over the response.
    const { hijack } = reply
    reply.hijack = () => {
      this.settled()
      return hijack.call(reply)
    }
  }

  #createTasks (): TrackedTasks {
    const { onError } = routeOptionsOf(this.#request, this.#options)
    const reporter = reportTo(this.#request.log, this.#options.onTaskError, this.#request)
    const tasks = new TrackedTasks(this.#tracker, reporter, onError)
    if (this.#isOver && this.#hasSettled) this.#releaseOrRefuse(tasks)
    return tasks
  }

  async #release (): Promise<void> {
    clearTimeout(this.#timer)
    if (this.#tasks !== undefined) await this.#releaseOrRefuse(this.#tasks)
  }

  async #releaseOrRefuse (tasks: TrackedTasks): Promise<void> {
    const { runOn } = routeOptionsOf(this.#request, this.#options)
    if (runOn === 'always' || this.#hasSucceeded()) return tasks.release()

    const refused = tasks.refuse()
    this.#request.log.debug({ tasks: refused.map(({ name }) => name) }, 'background tasks discarded: runOn is "success"')
  }

  #hasSucceeded (): boolean {
    return this.#reply !== undefined && this.#reply.statusCode < 400 && wasSent(this.#reply)
  }
}

/** Whether the client stayed until the whole response was sent. */
function wasSent ({ raw, request }: FastifyReply): boolean {
  if (!raw.writableEnded) return false

  const { stream } = raw as { stream?: ServerHttp2Stream }
  if (stream !== undefined) return !stream.aborted

  // A response to inject() says that it has ended before it is writableFinished, and has no connection to lose.
  return raw.writableFinished || !request.raw.socket.destroyed
}
