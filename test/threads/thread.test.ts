import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import type { BatchMessage } from '../../lib/threads/messages.js'
import { Progress, Status, Stop } from '../../lib/threads/progress.js'
import { createNotes, notesIn } from '../helpers/notes.js'
import { tasks } from '../helpers/threads.js'

/** A batch of one lane, whose tasks want nothing but to run. */
function batchOf (progress: Progress, calls: Array<{ module: string, exportName: string, args: unknown[] }>): BatchMessage {
  progress.reset(1)
  return {
    id: 1,
    progress: progress.memory,
    functions: calls.map(({ module, exportName }) => ({ name: exportName, module, exportName })),
    firstCalls: [0],
    stops: calls.map(() => false),
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

// Between a task that is condemned and the stop of its thread there are microseconds: no test can hit them by chance.
for (const [when, exportName] of [['before it begins', 'returns'], ['when it returns', 'returns'], ['when it throws', 'throws']] as const) {
  t.test(`a task that is condemned ${when} takes its thread no further`, async (t) => {
    const notes = createNotes()
    const progress = new Progress()
    const batch = batchOf(progress, [
      { module: condemned.href, exportName, args: [progress.memory, notes] },
      { module: new URL('work.js', tasks).href, exportName: 'note', args: [notes, 2] }
    ])
    if (when === 'before it begins') progress.condemn(0, Status.waiting)
    await once(new Worker(condemned, { workerData: batch }), 'exit')

    t.equal(progress.status(0), Status.condemned)
    t.equal(progress.status(1), Status.waiting)
    t.same(notesIn(notes), when === 'before it begins' ? [] : [1])
  })
}

t.test('a task in a thread hears why it should stop', async (t) => {
  const notes = createNotes()
  const progress = new Progress()
  const batch = batchOf(progress, [{ module: new URL('context.js', tasks).href, exportName: 'heedSignal', args: [notes] }])
  const exit = once(new Worker(condemned, { workerData: batch }), 'exit')
  while (notesIn(notes).length < 1) await sleep(5)
  progress.askToStop(0, Stop.closing) // whether it listens already or not
  await exit
  t.same(notesIn(notes), [1, 3])
})
