import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { FastifyAdapter } from '@bull-board/fastify'
import { createPostgresBackend, Queue } from 'bullmq'
import type { FastifyInstance } from 'fastify'

/** The queue as bull-board shows it, under `path`. In production, put it behind a login: it can delete and retry jobs. */
export async function registerBoard (app: FastifyInstance, path: string, connection: string, name: string): Promise<void> {
  const queue = openQueue(connection, name)
  queue.on('error', (err) => { app.log.warn({ err }, 'bull-board cannot reach the server') })
  app.addHook('onClose', async () => { await queue.close() })

  const board = new FastifyAdapter()
  board.setBasePath(path)
  createBullBoard({ queues: [new BullMQAdapter(queue)], serverAdapter: board })
  await app.register(board.registerPlugin(), { prefix: path })
}

function openQueue (connection: string, name: string): Queue {
  if (/^postgres/.test(connection)) {
    // The plugin creates the tables. bull-board shows a queue on either server.
    return new Queue(name, { connection: { connectionString: connection } }, createPostgresBackend) as unknown as Queue
  }
  return new Queue(name, { connection: { url: connection } })
}
