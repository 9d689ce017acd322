import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import backgroundTasks from 'fastify-background-tasks'
import { registerBoard } from './board.js'
import { renderInvoice, sendInvoice, type Order } from './tasks/orders.js'

/** Where jobs are stored, and where tasks write their results. */
export interface Settings {
  connection: string
  name: string
  folder: string
}

const orderSchema = {
  body: {
    type: 'object',
    required: ['email'],
    additionalProperties: false,
    properties: { email: { type: 'string', format: 'email', maxLength: 254 } }
  }
}

const idSchema = {
  params: { type: 'object', properties: { id: { type: 'string', format: 'uuid' } } }
}

/** An API that takes orders. Workers do the rest. */
export async function createApp ({ connection, name, folder }: Settings, options: FastifyServerOptions = {}): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify(options)

  await app.register(backgroundTasks, {
    tasks: new URL('./tasks/', import.meta.url),
    queue: { connection, name, enqueue: 'beforeResponse', backoff: 200 }
  })
  await registerBoard(app, '/board', connection, name)

  app.get('/', async () => ({
    order: 'curl -d \'{"email":"ada@example.com"}\' -H "content-type: application/json" ' + `${app.listeningOrigin}/orders`,
    board: `${app.listeningOrigin}/board`
  }))

  app.post<{ Body: { email: string } }>('/orders', { schema: orderSchema }, async (request, reply) => {
    const order: Order = { id: randomUUID(), email: request.body.email }
    request.backgroundTasks.addTask(renderInvoice, folder, order)
    request.backgroundTasks.addTask(sendInvoice, folder, order)
    request.backgroundTasks.addTask(() => { request.log.info({ order: order.id }, 'order accepted') }) // runs in this process
    return reply.code(202).header('location', `/orders/${order.id}`).send(order)
  })

  app.get<{ Params: { id: string } }>('/orders/:id', { schema: idSchema, logLevel: 'warn' }, async ({ params: { id } }) => ({
    id,
    invoice: await readResult(join(folder, `${id}.invoice.json`)),
    mail: await readResult(join(folder, `${id}.mail.json`))
  }))

  return app
}

/** What a task has written, or `null` if it has not run yet. */
async function readResult (file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text === '' ? null : JSON.parse(text) as unknown
}
