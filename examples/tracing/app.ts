import type { FastifyOtelInstrumentation } from '@fastify/otel'
import type { InMemorySpanExporter } from '@opentelemetry/sdk-trace-node'
import { trace } from '@opentelemetry/api'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import backgroundTasks from 'fastify-background-tasks'
import { notifyWarehouse, renderInvoice, sendReceipt } from './tasks/orders.js'

/** An app that takes orders, and shows their spans. */
export async function createApp (
  instrumentation: FastifyOtelInstrumentation,
  exporter: InMemorySpanExporter,
  options: FastifyServerOptions = {}
): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify(options)
  // Creates the requests' spans. It must come before the routes.
  await app.register(instrumentation.plugin())
  await app.register(backgroundTasks, { tasks: new URL('./tasks/', import.meta.url) })

  let orders = 0

  app.post('/orders', async (request, reply) => {
    const order = ++orders
    request.backgroundTasks.addTask(sendReceipt, order)
    request.backgroundTasks.addTask(renderInvoice, order)
    request.backgroundTasks.addTask(notifyWarehouse, order)
    request.backgroundTasks.addTask(function audit () { trace.getActiveSpan()?.addEvent('audited', { order }) })
    return reply.code(202).send({ order })
  })

  app.get('/spans', { config: { otel: false } }, async () => exporter.getFinishedSpans().map((span) => ({
    name: span.name,
    ...span.spanContext(),
    parent: span.parentSpanContext?.spanId,
    links: span.links.map(({ context: { traceId, spanId } }) => ({ traceId, spanId })),
    attributes: span.attributes,
    status: span.status,
    events: span.events.map(({ name, attributes }) => ({ name, attributes }))
  })))

  return app
}
