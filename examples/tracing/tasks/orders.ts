import { setTimeout as sleep } from 'node:timers/promises'
import { trace } from '@opentelemetry/api'
import { defineTask, taskContext } from 'fastify-background-tasks'

const tracer = trace.getTracer('orders')

/** Runs on the event loop. Its own span is a child of the task's. */
export async function sendReceipt (order: number): Promise<void> {
  await tracer.startActiveSpan('smtp', async (span) => {
    await sleep(5) // a mailer here
    span.setAttribute('order', order)
    span.end()
  })
}

/** Synchronous, so it runs in a worker thread. */
export function renderInvoice (order: number): number {
  let sum = order
  for (let i = 0; i < 1_000_000; i++) sum = (sum * 31 + i) % 65_521
  return sum
}

/** The first attempt always fails, to show that each attempt has a span. */
export const notifyWarehouse = defineTask(async (order: number) => {
  if (taskContext()?.attempt === 1) throw new Error(`the warehouse knows nothing of order ${order} yet`)
}, { retries: 2 })
