import { createPostgresBackend, Queue, Worker } from 'bullmq'

const isPostgres = (connection) => connection.startsWith('postgres')
const settings = (connection) => isPostgres(connection) ? { connectionString: connection, migrate: true } : { url: connection, maxRetriesPerRequest: null }
const backend = (connection) => isPostgres(connection) ? [createPostgresBackend] : []

/** A queue of BullMQ on either server. */
export async function openQueue (name, connection) {
  const queue = new Queue(name, { connection: settings(connection) }, ...backend(connection))
  await queue.waitUntilReady()
  return queue
}

/** A worker of BullMQ, as one would write it by hand. */
export function openWorker (name, connection, run, concurrency) {
  return new Worker(name, run, { connection: settings(connection), concurrency, removeOnComplete: { age: 300 } }, ...backend(connection))
}
