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
  await client.connect()
  if (await versionOf(client, bullMq, schema, migrate) < bullMq.LATEST_SCHEMA_VERSION && migrate) await bullMq.runMigrations(client, schema)

  await client.query('BEGIN')
  await client.query(`SET LOCAL search_path TO "${schema}"`)
  await client.query('SELECT add_job($1, $2, $3, $4::jsonb, $5::jsonb, 0, 0, $6, 1, NULL, NULL, NULL, NULL, NULL, false)', [name, randomUUID(), 'probe', '{}', '{}', Date.now()])
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
