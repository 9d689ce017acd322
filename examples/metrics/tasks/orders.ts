import { setTimeout as sleep } from 'node:timers/promises'
import { defineTask } from 'fastify-background-tasks'

/** Runs on the event loop. */
export async function sendReceipt (order: number): Promise<void> {
  await sleep(5 + order % 20) // a mailer here
}

/** Synchronous, so it runs in a worker thread. */
export function renderInvoice (order: number): number {
  let sum = order
  for (let i = 0; i < 5_000_000; i++) sum = (sum * 31 + i) % 65_521
  return sum
}

/** Fails for every tenth order, to show failures and retries. */
export const notifyWarehouse = defineTask(async (order: number) => {
  if (order % 10 === 0) throw new Error(`the warehouse knows nothing of order ${order}`)
}, { retries: 1 })
