import { taskContext } from 'fastify-background-tasks'

export async function sendReceipt (order: string, item: string): Promise<void> {
  taskContext()?.log?.info({ order }, `receipt sent for ${item}`)
}
