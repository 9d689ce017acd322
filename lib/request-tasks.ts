import type { FastifyReply, FastifyRequest } from 'fastify'
import { frontOf, taskOf, type BackgroundTask } from './core/background-task.js'
import { AddedTask, BackgroundTasks, checkNotItself, checkPromise, throwAll, type TransactionClient } from './core/background-tasks.js'
import { Collection } from './core/collection.js'
import { thrownBy } from './core/errors.js'
import { awaitPass } from './core/owner.js'
import type { TaskFunction } from './core/task-function.js'
import { clearTimeout, setTimeout } from './core/timers.js'
import { routeOptionsOf, type ResolvedOptions, type RunOn } from './options.js'
import { isWrittenByHand, wasSent, whenClosed, whenRequestCloses } from './response-end.js'
import { TaskReport, type Shared } from './task-report.js'

/** Where a request keeps its state. */
export const kTasks = Symbol('fastify-background-tasks.tasks')

type Carrier = { [kTasks]?: RequestTasks | null }

/** The requests of an app. */
export class Requests {
  readonly app: Shared
  readonly options: ResolvedOptions
  /** Those whose clients have left while their handlers are at work. */
  readonly left = new Set<RequestTasks>()

  constructor (app: Shared, options: ResolvedOptions) {
    this.app = app
    this.options = options
  }

  /** A request's tasks; begins to watch the request if nothing has. */
  of (request: FastifyRequest): RequestTasks {
    return ((request as Carrier)[kTasks] ??= new RequestTasks(request, this))
  }

  /** Runs the tasks that wait for handlers whose clients have left. */
  releaseLeft (): void {
    for (const tasks of this.left) tasks.settled()
  }
}

/** Subscriber of Fastify's tracing channel: the promise of an async handler has ended. */
export function handlerEnded (message: unknown): void {
  const { request, error } = message as { request: Carrier, error?: unknown }
  request[kTasks]?.handlerEnded(error !== undefined)
}

/**
 * How long a handler may go on after its client has left, in milliseconds. Then it counts as settled: a handler that
 * replies by callback need not reply to nobody, and nothing else would show that it has ended.
 */
const longestAfterlife = 60_000
/** How long tasks wait for `onResponse` hooks of other plugins that run before ours, and for a reply that never shows, in milliseconds. */
const longestWait = 1_000

/** A request's tasks: held until its response is over and its handler has settled. */
export class RequestTasks {
  readonly #request: FastifyRequest
  readonly #all: Requests
  #reply: FastifyReply | undefined = undefined
  #collection: Collection | undefined = undefined
  #front: BackgroundTasks | undefined = undefined
  #report: TaskReport | undefined = undefined
  #runOn: RunOn = 'always'
  /** The handler has replied, or ended without a reply. */
  #hasSettled = false
  /** The response was sent, or its connection has closed. */
  #isOver = false
  #failedReplies = 0
  /** Whether tasks are being stored before the response leaves. What comes of it decides whether any of them runs. */
  #isStoring = false
  /** Whether the response has succeeded, once that is known. */
  #hasSucceeded: boolean | undefined = undefined
  #timer: NodeJS.Timeout | undefined = undefined
  /** Resolves the promise of an `onResponse` hook that waits for the handler. */
  #drained: (() => void) | undefined = undefined

  constructor (request: FastifyRequest, all: Requests) {
    this.#request = request
    this.#all = all
    all.app.tracker.requestStarted()
  }

  /** The request's collection, created at first use. */
  get front (): BackgroundTasks {
    return this.#front ?? this.#createFront()
  }

  /** Watches the response. */
  watch (reply: FastifyReply): this {
    if (this.#reply === undefined) {
      this.#reply = reply
      whenClosed(reply, () => { this.#closed() })
      if (this.#collection !== undefined) this.#watchFinish(reply)
    }
    return this
  }

  /** The handler has settled: it has replied, or ended without a reply. */
  settled (): void {
    if (this.#hasSettled) return

    this.#hasSettled = true
    if (this.#isOver) this.#release()
  }

  /**
   * An error is to be the reply. It is followed by our `onSend` hook, unless one of another plugin fails before that: then
   * by a second error.
   */
  replyFailed (): void {
    if (++this.#failedReplies === 2) this.settled()
  }

  /** The promise of the handler has ended. If it has failed, a reply with its error follows. */
  handlerEnded (hasFailed: boolean): void {
    if (!this.#isStoring && (!hasFailed || this.#reply?.sent !== false)) this.settled()
  }

  /** Whether tasks are to be stored before the response leaves. */
  storesFirst (reply: FastifyReply): boolean {
    return this.#all.options.queue?.enqueue === 'beforeResponse' && this.#collection?.hasToStore === true && !this.#isOver &&
      (this.#runOn === 'always' || reply.statusCode < 400)
  }

  /**
   * Stores the tasks that go to the queue. If they cannot be stored, none of the request's tasks runs.
   *
   * @throws `FST_BGT_QUEUE_UNAVAILABLE`
   */
  async store (): Promise<void> {
    this.#isStoring = true
    this.#hasSettled = false // an async handler's promise may have ended before
    try {
      await this.#collection?.store()
    } catch (error) {
      this.#collection?.discard()
      throw error
    } finally {
      this.#isStoring = false
    }
  }

  /** The response is over. Resolves when the tasks have ended; returns nothing if there are none. */
  over (): Promise<unknown> | undefined {
    if (!this.#isOver) this.#end()
    if (this.#collection === undefined) return
    if (this.#hasSettled) return this.#collection.run()
    return new Promise<void>((resolve) => { this.#drained = resolve }) // over HTTP/2, a client that left looks like one that was served
  }

  #createFront (): BackgroundTasks {
    const { runOn, onError } = routeOptionsOf(this.#request, this.#all.options)
    this.#runOn = runOn
    this.#report = new TaskReport(this.#all.app, this.#request.log, this.#request)
    this.#collection = new Collection(this.#report, onError)
    this.#front = new RequestCollection(this, this.#collection, this.#report)
    if (this.#reply !== undefined) this.#watchFinish(this.#reply)
    else whenRequestCloses(this.#request, () => { this.#overIfUnknown() })
    return this.#front
  }

  /** Tasks were added. */
  added (): void {
    if (this.#isOver && this.#hasSettled) this.#drain()
  }

  #watchFinish (reply: FastifyReply): void {
    if (!reply.raw.writableFinished) reply.raw.on('finish', () => { this.#finished(reply) })
  }

  /** The response was sent. Our `onResponse` hook follows, unless one of another plugin before it fails or hangs. */
  #finished (reply: FastifyReply): void {
    if (this.#isOver) return

    this.#judge()
    // A route that called callNotFound() in a context of ours may end in one of others, whose hooks are not ours.
    if (!reply.server.hasDecorator('backgroundTasks')) this.over()
    else this.#timer = setTimeout(() => { this.over() }, longestWait)
  }

  /** The connection has closed. */
  #closed (): void {
    if (!this.#isOver && this.#timer === undefined) this.over()
  }

  /** A request that was answered, hijacked or refused before our hooks has no reply that we know. */
  #overIfUnknown (): void {
    setTimeout(() => {
      if (this.#reply !== undefined || this.#isOver) return
      this.#hasSettled = true
      this.over()
    }, longestWait)
  }

  #end (): void {
    this.#isOver = true
    this.#judge()
    clearTimeout(this.#timer)
    if (this.#reply !== undefined && isWrittenByHand(this.#reply)) this.#hasSettled = true
    if (this.#hasSettled) return this.#release()

    // The client has left, and the handler is still at work.
    this.#all.left.add(this)
    this.#timer = setTimeout(() => { this.settled() }, longestAfterlife).unref()
  }

  /** The response is over, and the handler has settled. */
  #release (): void {
    clearTimeout(this.#timer)
    this.#all.left.delete(this)
    if (this.#collection !== undefined) {
      const ended = this.#drain()
      if (this.#drained !== undefined) ended.then(this.#drained)
    }
    this.#all.app.tracker.requestEnded()
  }

  /** Runs the tasks, or discards them if the response has not succeeded. Resolves when none is left. */
  #drain (): Promise<unknown> {
    const collection = this.#collection as Collection
    if (this.#runOn === 'success' && !this.#judge()) this.#report?.discardedByResponse(collection.discard())
    return collection.run()
  }

  #judge (): boolean {
    return (this.#hasSucceeded ??= this.#reply !== undefined && this.#reply.statusCode < 400 && wasSent(this.#reply))
  }
}

/** What `request.backgroundTasks` is: the tasks that wait for the response, and those that run. */
class RequestCollection extends BackgroundTasks {
  readonly #request: RequestTasks
  readonly #own: Collection
  readonly #report: TaskReport

  constructor (request: RequestTasks, own: Collection, report: TaskReport) {
    super()
    this.#request = request
    this.#own = own
    this.#report = report
  }

  override get tasks (): BackgroundTask[] {
    return Object.freeze(this.#own.tasks.map((task) => frontOf(task, this.#report))) as BackgroundTask[]
  }

  override addTask<F extends TaskFunction> (func: F, ...args: Parameters<F>): AddedTask {
    try {
      checkNotItself(this, func)
      const task = taskOf(func, args)
      this.#own.add(task)
      this.#request.added()
      return new AddedTask(task)
    } catch (error) {
      throw thrownBy(this.addTask, error)
    }
  }

  override waitUntil (promise: PromiseLike<unknown>): void {
    checkPromise(promise, this.waitUntil)
    this.#report.watch(promise)
  }

  override async storeIn (client: TransactionClient): Promise<void> {
    await this.#own.storeIn(client)
  }

  /** Counts as the drain: nothing of it runs a second time after the response. A rejection that nobody handles is logged already. */
  override run (): Promise<void> {
    const pass = awaitPass(this.#own.run().then(throwAll))
    pass.catch(() => {})
    return pass
  }
}
