import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import type { BatchMessage } from '../../lib/threads/messages.js'
import { Progress, Status } from '../../lib/threads/progress.js'
import { createNotes, notesIn } from '../helpers/notes.js'
import { tasks } from './open-pool.js'

/** A batch of one slice, whose tasks only run. */
function batchOf (progress: Progress, calls: Array<{ module: string, exportName: string, args: unknown[] }>): BatchMessage {
  progress.reset(1)
  return {
    id: 1,
    progress: progress.memory,
    functions: calls.map(({ module, exportName }) => ({ name: exportName, module, exportName })),
    firstCalls: [0],
    calls: calls.map((_, i) => i),
    args: calls.map(({ args }) => args),
    wantsResult: calls.map(() => false),
    ids: calls.map((_, i) => String(i)),
    attempts: calls.map(() => 1),
    timeouts: calls.map(() => undefined),
    logLevel: 0
  }
}

const condemned = new URL('../fixtures/condemned.js', import.meta.url)

// Between the timeout of a task and the end of its thread there are microseconds: no test can hit them by chance.
for (const [when, exportName] of [['just before it begins', 'returns'], ['just before it returns', 'returns'], ['just before it throws', 'throws']] as const) {
  t.test(`a task whose thread is about to be stopped ${when} has ended, and the next one does not begin there`, async (t) => {
    const notes = createNotes()
    const progress = new Progress()
    const batch = batchOf(progress, [
      { module: condemned.href, exportName, args: [progress.memory, notes] },
      { module: new URL('work.js', tasks).href, exportName: 'note', args: [notes, 2] }
    ])
    if (when === 'just before it begins') progress.condemn(0, Status.waiting)
    await once(new Worker(condemned, { workerData: batch }), 'exit')

    t.equal(progress.status(0), Status.condemned)
    t.equal(progress.status(1), Status.waiting)
    t.same(notesIn(notes), when === 'just before it begins' ? [] : [1])
  })
}
