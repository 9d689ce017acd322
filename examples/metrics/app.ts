import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import backgroundTasks from 'fastify-background-tasks'
import { Registry } from 'prom-client'
import { servePage } from '../look.js'
import { notifyWarehouse, renderInvoice, sendReceipt } from './tasks/orders.js'

/** An app that takes orders, and serves the metrics of their tasks at `/metrics`. */
export async function createApp (options: FastifyServerOptions = {}): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify(options)
  const register = new Registry()
  await app.register(backgroundTasks, { tasks: new URL('./tasks/', import.meta.url), metrics: { register } })

  servePage(app, new URL('page.html', import.meta.url))

  let orders = 0

  app.post('/orders', async (request, reply) => {
    const order = ++orders
    request.backgroundTasks.addTask(sendReceipt, order)
    request.backgroundTasks.addTask(renderInvoice, order)
    request.backgroundTasks.addTask(notifyWarehouse, order)
    return reply.code(202).send({ order })
  })

  app.get('/metrics', { logLevel: 'warn' }, async (_request, reply) => {
    return reply.type(register.contentType).send(await register.metrics())
  })

  return app
}
