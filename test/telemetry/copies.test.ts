import { subscribe } from 'node:diagnostics_channel'
import t from 'tap'

t.test('two copies of the package in one process publish on one channel', async (t) => {
  const traced: string[] = []
  for (const copy of ['../../dist/index.js', '../../lib/index.js']) {
    const { BackgroundTask }: typeof import('../../lib/index.js') = await import(copy)
    if (traced.length === 0) subscribe('tracing:fastify-background-tasks.task:start', (message) => { traced.push((message as { name: string }).name) })
    await new BackgroundTask({ async [copy] () {} }[copy] as () => Promise<void>)()
  }
  t.same(traced, ['../../dist/index.js', '../../lib/index.js'])
})
