import { subscribe } from 'node:diagnostics_channel'
import t from 'tap'
import { importCopies } from '../helpers/copies.js'

t.test('two copies of the package in one process publish on one channel', async (t) => {
  const copies = await importCopies(t)
  t.not(copies[0].BackgroundTask, copies[1].BackgroundTask)
  const traced: string[] = []
  subscribe('tracing:fastify-background-tasks.task:start', (message) => { traced.push((message as { name: string }).name) })

  for (const [name, { BackgroundTask }] of [['first', copies[0]], ['second', copies[1]]] as const) {
    await new BackgroundTask({ async [name] () {} }[name] as () => Promise<void>)()
  }
  t.same(traced, ['first', 'second'])
})
