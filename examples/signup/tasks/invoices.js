import { setTimeout as sleep } from 'node:timers/promises'
import { taskContext } from 'fastify-background-tasks'

/** Goes to the queue, like any function of a task module if the app has one. Its first attempt fails, to show a retry. */
export async function sendInvoice ({ order }) {
  await sleep(150)
  if (taskContext().attempt === 1) throw new Error('The mail provider is busy')
  return `invoice ${order} sent`
}
