// What stays on the heap when tasks have run, and what each takes while it waits.
import { Child } from '../child.js'
import { interleave } from '../interleave.js'
import { load } from '../load.js'
import { spread } from '../spread.js'

export const title = 'Bytes for each waiting task'

const tasksPerRequest = 5

export async function measure (quick) {
  const [few, many, waiting] = quick ? [5_000, 25_000, 10_000] : [200_000, 1_000_000, 50_000]
  const { child } = await interleave(['child'], quick ? 1 : 3, async () => {
    const server = await Child.start('memory', [], ['--expose-gc'])
    await load(server.port, { amount: few / tasksPerRequest })
    const first = await server.ask('heap')
    await load(server.port, { amount: (many - few) / tasksPerRequest })
    const second = await server.ask('heap')
    const awaiting = await server.ask('waiting', { kind: 'await', count: waiting })
    const forThread = await server.ask('waiting', { kind: 'thread', count: waiting })
    await server.stop()
    return { first: first / 1e6, second: second / 1e6, growth: Math.abs(second - first) / 1e6, awaiting, forThread }
  })

  const of = (what) => spread(child.map((result) => result[what]))
  const grouped = (count) => count.toLocaleString('en')
  return {
    rows: [
      { what: `heap after ${grouped(few)} tasks, MB`, measured: of('first') },
      { what: `heap after ${grouped(many)} tasks, MB`, measured: of('second') },
      { what: 'bytes for each task that waits behind an async one', measured: of('awaiting') },
      { what: 'bytes for each task that waits for a thread', measured: of('forThread') }
    ],
    ratios: [
      { what: `MB between the heaps after ${grouped(few)} and ${grouped(many)} tasks`, ratio: of('growth'), atMost: 5 },
      { what: 'bytes for each task that waits behind an async one', ratio: of('awaiting'), atMost: 1_000 },
      { what: 'bytes for each task that waits for a thread', ratio: of('forThread'), atMost: 1_000 }
    ]
  }
}
