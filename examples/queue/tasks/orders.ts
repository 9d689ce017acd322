import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { taskContext } from 'fastify-background-tasks'

/** An order, as the queue stores it. */
export interface Order {
  id: string
  email: string
}

/** Writes an invoice with a seal, which takes some computing. It is synchronous, so it runs in a thread of a worker. */
export function renderInvoice (folder: string, { id, email }: Order): void {
  let seal = id
  for (let i = 0; i < 100_000; i++) seal = createHash('sha256').update(seal).digest('hex')
  writeFileSync(join(folder, `${id}.invoice.json`), JSON.stringify({ id, email, seal, madeBy: process.pid, inThread: threadId > 0 }))
}

/** Sends the invoice. The first attempt always fails, to show a retry. */
export async function sendInvoice (folder: string, { id, email }: Order): Promise<void> {
  const { id: key, attempt, log } = taskContext()!
  const { seal } = JSON.parse(await readFile(join(folder, `${id}.invoice.json`), 'utf8')) as { seal: string }
  if (attempt === 1) throw new Error('The mail provider is busy')

  log.info({ order: id, attempt, key }, 'the order is done')
  await writeFile(join(folder, `${id}.mail.json`), JSON.stringify({ to: email, seal, key, attempt, sentBy: process.pid }))
}
