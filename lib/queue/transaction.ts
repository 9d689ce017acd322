import { FST_BGT_INVALID_OPTION } from '../core/errors.js'
import { describe } from '../core/describe.js'
import type { TaskLogger } from '../core/task-logger.js'
import { isClient, type Connection } from './connection.js'
import { bullJobOf, type NewJob, unavailable } from './job.js'
import { addJobCall } from './postgres.js'
import type { ResolvedQueueOptions } from './queue-options.js'
import { withoutArguments } from './server-error.js'

/** A client of the application's own, with a transaction open. */
interface SqlClient {
  query (sql: string, params: unknown[]): PromiseLike<unknown>
}

/** A job, and the name of its queue. */
export interface QueuedJob {
  readonly queue: string
  readonly job: NewJob
}

/** Where the queue's tables are. */
interface Home {
  /** The database, of which another server may have one of the same name. */
  readonly place: unknown
  readonly schema: string
}

/** What tells databases apart. A text that no setting of the session changes. */
const placeOf = "current_database() || ' since ' || (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint"
/** The schema in which the search path of a client finds BullMQ's functions. */
const schemaInPath = "(SELECT nspname FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace WHERE pg_proc.oid = to_regproc('add_job'))"

/** Stores jobs through clients of the application, in the transactions that they have open: PostgreSQL only. */
export class Transactions {
  readonly #connection: Connection
  readonly #options: ResolvedQueueOptions
  readonly #log: TaskLogger
  #home: Home | undefined

  constructor (connection: Connection, options: ResolvedQueueOptions, log: TaskLogger) {
    this.#connection = connection
    this.#options = options
    this.#log = log
  }

  /**
   * Stores jobs: with the commit, all of them; with a rollback, none.
   *
   * @throws `FST_BGT_INVALID_OPTION` if it is no client, or one of another database; `FST_BGT_QUEUE_UNAVAILABLE` if the queue
   * does not say which database is its own; what the client's server refuses
   */
  async store (client: unknown, jobs: readonly QueuedJob[]): Promise<void> {
    checkClient(client)
    if (jobs.length === 0) return

    const home = this.#home ?? await this.#findHome()
    // A refusal comes before the first statement that would fail, and so leaves the transaction as it was.
    const before = await ask(client, `SELECT ${placeOf} AS place, pg_current_xact_id()::text AS xact`, [])
    const { schema } = before.place === home.place ? home : await this.#findHomeAt(before.place)
    const params: string[] = []
    const calls = jobs.map(({ queue, job }) => addJobCall(schema, { queue, id: job.id, ...bullJobOf(job, this.#options) }, params))
    const { xact } = await ask(client, `SELECT ${calls.join(', ')}, pg_current_xact_id_if_assigned()::text AS xact`, params)
    if (xact !== before.xact) this.#warn()
  }

  /** Asks again: the server may have been started anew, or another one have taken its place. */
  async #findHomeAt (place: unknown): Promise<Home> {
    const home = await this.#findHome()
    if (home.place !== place) throw new FST_BGT_INVALID_OPTION('client', "storeIn() needs a client of the queue's own database, and this one is connected to another; connect both to the same server and database")
    return home
  }

  async #findHome (): Promise<Home> {
    const { connection, schema } = this.#options
    try {
      const row = await this.#connection.ask(`SELECT ${placeOf} AS place, ${schemaInPath} AS schema`)
      const found = schema ?? (isClient(connection) ? row.schema : (connection as { schema?: unknown }).schema) ?? this.#connection.bullMq.DEFAULT_SCHEMA
      return (this.#home = { place: row.place, schema: String(found) })
    } catch (error) {
      throw unavailable(withoutArguments(error))
    }
  }

  #warn (): void {
    this.#log.warn({ queue: this.#options.name }, 'storeIn() was called with a client that has no open transaction: the tasks are stored immediately, whatever happens to your changes. Call it between BEGIN and COMMIT, with the client that ran BEGIN')
  }
}

function checkClient (client: unknown): asserts client is SqlClient {
  if (typeof (client as Partial<SqlClient> | null | undefined)?.query === 'function') return

  throw new FST_BGT_INVALID_OPTION('client', `storeIn() takes a client of pg with an open transaction, or { query: (sql, params) => Promise<{ rows }> }, but got ${describe(client)}`)
}

/** Returns the one row. Of an error that the client's server sends only what names it is kept: it may carry arguments. */
async function ask (client: SqlClient, sql: string, params: unknown[]): Promise<Record<string, unknown>> {
  let result: unknown
  try {
    result = await client.query(sql, params)
  } catch (error) {
    throw withoutArguments(error)
  }
  const row = (result as { rows?: ReadonlyArray<Record<string, unknown>> } | null | undefined)?.rows?.[0]
  if (row === undefined) throw new FST_BGT_INVALID_OPTION('client', `storeIn() needs a query(sql, params) that resolves to { rows }, but it resolved to ${describe(result)}`)
  return row
}
