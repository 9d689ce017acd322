import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import type { BatchMessage } from '../../lib/threads/messages.js'
import { Progress, Status } from '../../lib/threads/progress.js'
import { createNotes, notesIn } from '../helpers/notes.js'
import { tasks } from '../helpers/threads.js'

const condemned = new URL('../fixtures/condemned.ts', import.meta.url)

// Between a task that is condemned and the stop of its thread there are microseconds: no test can hit them by chance.
for (const [when, exportName] of [['before it begins', 'returns'], ['when it returns', 'returns'], ['when it throws', 'throws']] as const) {
  t.test(`a task that is condemned ${when} takes its thread no further`, async (t) => {
    const notes = createNotes()
    const progress = new Progress()
    progress.reset(1)
    if (when === 'before it begins') progress.condemn(0, Status.waiting)

    const batch: BatchMessage = {
      id: 1,
      progress: progress.memory,
      functions: [
        { name: exportName, module: condemned.href, exportName },
        { name: 'work.note', module: new URL('work.ts', tasks).href, exportName: 'note' }
      ],
      firstCalls: [0],
      stopOnError: [false],
      calls: [0, 1],
      args: [[progress.memory, notes], [notes, 2]],
      wantsResult: [false, false]
    }
    await once(new Worker(condemned, { workerData: batch }), 'exit')

    t.equal(progress.status(0), Status.condemned)
    t.equal(progress.status(1), Status.waiting)
    t.same(notesIn(notes), when === 'before it begins' ? [] : [1])
  })
}
