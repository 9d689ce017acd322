import type { FastifyReply, FastifyRequest } from 'fastify'
import { wasSent, whenClosed } from './connection.js'
import { BackgroundTasks } from './core/background-tasks.js'
import type { Executions } from './core/executions/index.js'
import type { TaskTracker } from './core/task-tracker.js'
import { TrackedCollection } from './core/tracked-collection.js'
import type { ResolvedOptions, RunOn } from './options.js'
import { routeOptionsOf } from './route-options.js'
import { TaskLog, type TaskListeners } from './task-log.js'

/** Where a request keeps its exchange. */
export const kExchange = Symbol('fastify-background-tasks.exchange')

/** In the config of a route that has an `onResponse` hook of its own to drain, the last one. */
export const kDrainsLast = Symbol('fastify-background-tasks.drainsLast')

/** What the requests of an app share. */
export interface App {
  readonly tracker: TaskTracker
  readonly executions: Executions
  readonly options: ResolvedOptions
  readonly listeners: TaskListeners
}

type Carrier = { [kExchange]?: Exchange | null }

/** A request's exchange; none where the request has not come as far as the plugin's `onRequest` hook. */
export function exchangeOf (request: FastifyRequest): Exchange | null | undefined {
  return (request as Carrier)[kExchange]
}

/** A request's exchange, which begins here if it has not. */
export function beginExchange (request: FastifyRequest, app: App): Exchange {
  return ((request as Carrier)[kExchange] ??= new Exchange(request, app))
}

/** Subscriber of Fastify's tracing channel: an async handler has ended. */
export function endOfHandler (message: unknown): void {
  exchangeOf((message as { request: FastifyRequest }).request)?.handlerEnded()
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
  readonly #app: App
  /** Whether the response is over: sent, or abandoned by the client. */
  isOver = false
  /** Whether the route has a hook of its own that drains after all others; known once there are tasks. */
  drainsLast = false
  #reply: FastifyReply | undefined
  #collection: TrackedCollection | undefined
  #tasks: BackgroundTasks | undefined
  #runOn: RunOn = 'always'
  #isReplying = false
  #hasSettled = false
  #timer: NodeJS.Timeout | undefined

  constructor (request: FastifyRequest, app: App) {
    this.#request = request
    this.#app = app
    app.tracker.handlerStarted()
  }

  /** The request's collection, created at first use. */
  get tasks (): BackgroundTasks {
    return this.#tasks ?? this.#createTasks()
  }

  /** Whether the request has asked for its collection. */
  get hasTasks (): boolean {
    return this.#tasks !== undefined
  }

  /** Watches the response's connection. */
  watch (reply: FastifyReply): this {
    if (this.#reply === undefined) {
      this.#reply = reply
      whenClosed(reply, () => { this.#closed(reply) })
    }
    return this
  }

  /** The handler has settled: it has replied, or ended without a reply. */
  settled (): void {
    if (this.#hasSettled) return

    this.#hasSettled = true
    this.#app.tracker.handlerSettled(this)
    if (this.isOver) this.release()
  }

  /** Whether tasks are to be stored before the response leaves. */
  get storesFirst (): boolean {
    return this.#collection !== undefined && this.#app.options.queue?.enqueue === 'beforeResponse' && !this.isOver
  }

  /**
   * Stores the tasks that go to the queue. Where they cannot be stored, none of the request's tasks runs.
   *
   * @throws `FST_BGT_QUEUE_UNAVAILABLE`
   */
  async storeFirst (reply: FastifyReply): Promise<void> {
    const collection = this.#collection as TrackedCollection
    if (this.#runOn === 'success' && reply.statusCode >= 400) return
    try {
      await collection.handOverQueued()
    } catch (error) {
      collection.refuse()
      throw error
    }
  }

  /** The handler's promise has settled. If its client has left, and it has not replied, nothing else tells so. */
  handlerEnded (): void {
    if (this.isOver && !this.#isReplying) this.settled()
  }

  /**
   * The response is over. Resolves when the tasks have ended, if they can run now: to Fastify an HTTP/2 client that has
   * left looks like one that was served, while the handler is still at work.
   */
  over (): Promise<unknown> | undefined {
    // Hijacked, or ended by hand: no onSend hook has told.
    if (this.#reply?.sent) this.settled()
    this.isOver = true
    return this.#hasSettled ? this.release() : undefined
  }

  /** Lets the tasks run. Resolves when they have ended. */
  release (): Promise<unknown> | undefined {
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    if (this.#collection === undefined) return
    if (this.#runOn === 'always' || this.#hasSucceeded()) return this.#collection.release()

    const tasks = this.#collection.refuse().map(({ name }) => name)
    this.#request.log.debug({ tasks }, 'background tasks discarded: runOn is "success"')
  }

  #closed (reply: FastifyReply): void {
    if (this.#timer !== undefined || (this.isOver && this.#hasSettled)) return

    if (this.hasTasks && wasSent(reply)) {
      this.#timer = setTimeout(() => { this.over() }, longestOnResponse)
      return
    }
    this.over()
    if (!this.#hasSettled) this.#outlive(reply)
  }

  /** The client has left, and the handler is still at work. */
  #outlive (reply: FastifyReply): void {
    this.#app.tracker.clientLeft(this)
    this.#timer = setTimeout(() => { this.settled() }, longestAfterlife).unref()

    // A reply that is sent comes to the onSend hook, in its time; one that is taken over nowhere.
    const { send, hijack } = reply
    reply.send = (payload) => {
      this.#isReplying = true
      return send.call(reply, payload)
    }
    reply.hijack = () => {
      this.settled()
      return hijack.call(reply)
    }
  }

  #createTasks (): BackgroundTasks {
    const { tracker, executions, options, listeners } = this.#app
    const { config } = this.#request.routeOptions // made anew for each who asks
    const { runOn, onError } = routeOptionsOf(config, options)
    const log = new TaskLog(this.#request.log, listeners, this.#request)
    this.#runOn = runOn
    this.drainsLast = kDrainsLast in config
    this.#collection = new TrackedCollection(tracker, log, executions, onError)
    this.#tasks = new BackgroundTasks(this.#collection)
    if (this.isOver && this.#hasSettled) this.release()
    return this.#tasks
  }

  #hasSucceeded (): boolean {
    return this.#reply !== undefined && this.#reply.statusCode < 400 && wasSent(this.#reply)
  }
}
