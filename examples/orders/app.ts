import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import backgroundTasks from 'fastify-background-tasks'
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { sendReceipt } from './tasks/receipts.js'

const bodySchema = { type: 'object', required: ['item'], properties: { item: { type: 'string' } } }

/** A shop that sends a receipt for each order that is committed, and for no other. Its stock has one item left of each. */
export async function createApp (databaseUrl: string, options: FastifyServerOptions = {}): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify(options)
  const pool = new pg.Pool({ connectionString: databaseUrl })
  pool.on('error', (err) => { app.log.error({ err }, 'a connection to PostgreSQL is lost') })
  app.addHook('onClose', async () => { await pool.end() })
  await pool.query('CREATE TABLE IF NOT EXISTS orders (id uuid PRIMARY KEY, item text NOT NULL)')
  await pool.query('CREATE TABLE IF NOT EXISTS stock (item text PRIMARY KEY, remaining integer NOT NULL CHECK (remaining >= 0))')

  await app.register(backgroundTasks, {
    tasks: new URL('./tasks/', import.meta.url),
    queue: { connection: databaseUrl, name: 'receipts', worker: true }, // the same database
    runOn: 'success' // a response with an error discards what was not stored
  })

  app.post<{ Body: { item: string } }>('/orders', { schema: { body: bodySchema } }, async (request, reply) => {
    const { item } = request.body
    const order = randomUUID()
    const client = await pool.connect()
    try {
      await client.query('BEGIN')
      await client.query('INSERT INTO orders VALUES ($1, $2)', [order, item])
      request.backgroundTasks.addTask(sendReceipt, order, item)
      await request.backgroundTasks.storeIn(client)
      await client.query('INSERT INTO stock VALUES ($1, 1) ON CONFLICT DO NOTHING', [item])
      await client.query('UPDATE stock SET remaining = remaining - 1 WHERE item = $1', [item]) // fails if none is left
      await client.query('COMMIT')
    } catch (error) {
      await client.query('ROLLBACK')
      if ((error as { code?: unknown }).code === '23514') return reply.code(409).send({ error: 'sold out' })
      throw error
    } finally {
      client.release()
    }
    return reply.code(201).send({ order })
  })

  return app
}
