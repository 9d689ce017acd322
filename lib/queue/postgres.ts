import { randomUUID } from 'node:crypto'
import type { Client } from 'pg'

type BullMq = Pick<typeof import('bullmq'), 'assertSchemaCompatibility' | 'runMigrations' | 'LATEST_SCHEMA_VERSION' | 'DEFAULT_SCHEMA'>

interface PostgresSetup {
  /** The queue's name. */
  readonly name: string
  readonly schema: string | undefined
  /** Whether to create the tables, or bring them up to date. */
  readonly migrate: boolean
}

/**
 * Creates BullMQ's tables if they are missing or old, and finds out whether jobs can be added. BullMQ by itself would run its
 * migrations at each start, for which a role needs more rights than for work.
 *
 * @throws what the server refuses
 */
export async function preparePostgres (client: Client, bullMq: BullMq, { name, schema = bullMq.DEFAULT_SCHEMA, migrate }: PostgresSetup): Promise<void> {
  if (await versionOf(client, bullMq, schema, migrate) < bullMq.LATEST_SCHEMA_VERSION && migrate) await bullMq.runMigrations(client, schema)

  const params: string[] = []
  const call = addJobCall(schema, { queue: name, id: randomUUID(), name: 'probe', data: {}, opts: { attempts: 1 } }, params)
  await client.query('BEGIN')
  await client.query(`SELECT ${call}`, params)
  await client.query('ROLLBACK')
}

async function versionOf (client: Client, { assertSchemaCompatibility }: BullMq, schema: string, migrate: boolean): Promise<number> {
  try {
    return await assertSchemaCompatibility(client, schema)
  } catch (error) {
    if ((error as Partial<Error> | null)?.name !== 'SchemaMigrationRequiredError' || !migrate) throw error
    return 0
  }
}

/** A job that waits, as BullMQ stores it. */
interface WaitingJob {
  readonly queue: string
  readonly id: string
  readonly name: string
  readonly data: object
  readonly opts: { readonly attempts: number }
}

/**
 * A call of BullMQ's function that stores a job, as BullMQ itself makes it: the one place that knows its signature. Each
 * parameter is a text, which all client packages send alike, and is used once, in order, for those that count question marks.
 */
export function addJobCall (schema: string, { queue, id, name, data, opts }: WaitingJob, params: string[]): string {
  const [queueParam, idParam, title, json, options, timestamp] = [queue, id, name, JSON.stringify(data), JSON.stringify(opts), String(Date.now())]
    .map((value) => `$${params.push(value)}::text`)
  return `"${schema.replaceAll('"', '""')}".add_job(${queueParam}, ${idParam}, ${title}, ${json}::jsonb, ${options}::jsonb, 0, 0, ${timestamp}::bigint, ${opts.attempts}, NULL, NULL, NULL, NULL, NULL, false)`
}
