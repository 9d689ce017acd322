import type { TaskLogger } from '../core/task-logger.js'
import { clearTimeout, limited, setTimeout } from '../core/timers.js'
import { connectInterval, type Connection, type JobQueue, type OpenQueue } from './connection.js'
import { throwRefusal, withoutArguments } from './server-error.js'

/** How long the server may take to end a connection, in milliseconds. */
const longestFarewell = 2_000

/** Whoever stores jobs in a queue of the server. */
export interface LinkUser {
  /** The queue's name. */
  readonly name: string
  /** The server is unavailable from now on. */
  lost (): void
  /** The server is available again. */
  found (queue: JobQueue): void
}

/** The connection of those who store jobs: knows whether the server is available, and reports each outage once. */
export class ServerLink {
  readonly #connection: Connection
  readonly #log: TaskLogger
  readonly #users: LinkUser[] = []
  readonly #open = new Map<string, OpenQueue>()
  #isAway = false
  #isClosed = false
  #probe: NodeJS.Timeout | undefined

  constructor (connection: Connection, log: TaskLogger) {
    this.#connection = connection
    this.#log = log
  }

  /** Whether the server is known to be unavailable. */
  get isAway (): boolean {
    return this.#isAway
  }

  /**
   * Connects for the first time. A server that is unavailable is waited for in the background.
   *
   * @throws `FST_BGT_QUEUE_CONNECTION` if the server refuses us permanently
   */
  async connect (user: LinkUser): Promise<void> {
    this.#users.push(user)
    try {
      await this.#openFor(user)
    } catch (error) {
      throwRefusal(error)
      this.lose(error)
    }
  }

  /** Connects for another queue on the same server. */
  join (user: LinkUser): void {
    this.#users.push(user)
    if (!this.#isAway) this.#openFor(user).catch((error: unknown) => { this.lose(error) })
  }

  /** The server does not answer, or refuses everything. */
  lose (error: unknown): void {
    if (this.#isAway || this.#isClosed) return

    this.#isAway = true
    for (const { abandon } of this.#open.values()) abandon()
    this.#open.clear()
    const { enqueue, name, kind } = this.#connection.options
    const instead = enqueue === 'beforeResponse' ? 'requests that add tasks for it get 503' : 'tasks run in this process'
    this.#log.warn({ err: withoutArguments(error), queue: name }, `${kind} is unavailable for the queue: until it is available again, ${instead}`)
    for (const user of this.#users) user.lost()
    this.#tryLater()
  }

  async close (): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#probe)
    await Promise.all([...this.#open.values()].map(async ({ queue, abandon }) => {
      await limited(queue.close(), longestFarewell).catch(abandon)
    }))
  }

  async #openFor (user: LinkUser): Promise<void> {
    const open = await this.#connection.openQueue(user.name)
    if (this.#isClosed) return open.abandon()

    this.#open.get(user.name)?.abandon()
    this.#open.set(user.name, open)
    open.queue.on('ioredis:close', () => { if (this.#open.get(user.name) === open) this.lose(new Error('the connection has closed')) })
    if (!this.#isAway) user.found(open.queue)
  }

  #tryLater (): void {
    this.#probe = setTimeout(() => {
      this.#tryAgain().catch(() => { if (!this.#isClosed) this.#tryLater() })
    }, connectInterval).unref()
  }

  async #tryAgain (): Promise<void> {
    try {
      for (const user of this.#users) await this.#openFor(user)
    } catch (error) {
      for (const { abandon } of this.#open.values()) abandon()
      this.#open.clear()
      throw error
    }
    if (this.#isClosed) return

    this.#isAway = false
    const { name, kind } = this.#connection.options
    this.#log.info({ queue: name }, `${kind} is available again for the queue`)
    for (const user of this.#users) user.found((this.#open.get(user.name) as OpenQueue).queue)
  }
}
