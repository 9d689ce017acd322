import type { Queue } from 'bullmq'
import { setTimeout as sleep } from 'node:timers/promises'
import { test, type Test } from 'tap'
import { Notes, openQueue, testOnEach } from '../helpers/queue.js'
import { functions, openTestQueue, openWithWorker, startTestWorker, work } from './harness.js'

/** Resolves when the queue has so many jobs in that state. */
async function untilState (queue: Queue, state: 'completed' | 'failed' | 'delayed' | 'waiting', count = 1): Promise<void> {
  while ((await queue.getJobCounts(state))[state] !== count) await sleep(10)
}

test('a worker and what it makes of jobs', async (t: Test) => {
  t.jobs = 2

  await testOnEach(t, 'the tasks of a collection are one job, and run in order', async (t, server) => {
    const { queue, outcomes, bull } = await openWithWorker(t, server)
    const notes = new Notes(t)
    await queue.drain([[work.note, notes.file, 1], [work.slow, notes.file, 2, 20], [work.note, notes.file, 3]], 'continue', { id: 'req-1' })
    await outcomes.until(3)
    t.same(notes.lines, [1, 2, 3])
    await untilState(bull, 'completed')
    t.same(queue.here.all, [])
  })

  await testOnEach(t, 'a retry goes on with the task that failed, under its id, after a delay', async (t, server) => {
    const { queue, outcomes, bull } = await openWithWorker(t, server)
    const notes = new Notes(t)
    await queue.drain([[work.note, notes.file, 'first'], [work.flaky, notes.file, 'second', 2], [work.note, notes.file, 'third']])
    await outcomes.until(5)
    const lines = notes.lines as any[]
    t.same(lines.map((line) => Array.isArray(line) ? line[1] : line), ['first', 1, 2, 3, 'third'])
    t.equal(new Set(lines.filter(Array.isArray).map(([, , id]) => id)).size, 1)
    t.same(outcomes.all, ['work.note completed', 'work.flaky retried after 1', 'work.flaky retried after 2', 'work.flaky completed', 'work.note completed'])
    await untilState(bull, 'completed')
  })

  await testOnEach(t, 'a task that has used up its attempts fails, the next one runs, and the job ends as failed', async (t, server) => {
    const { queue, outcomes, bull } = await openWithWorker(t, server, { attempts: 2 })
    const notes = new Notes(t)
    await queue.drain([[work.flaky, notes.file, 'a', 9], [work.note, notes.file, 'b'], [work.once, notes.file]])
    await outcomes.until(4)
    t.same(outcomes.all, ['work.flaky retried after 1', 'work.flaky failed', 'work.note completed', 'given by hand failed'])
    await untilState(bull, 'failed')
    const [job] = await bull.getFailed()
    t.match(job?.failedReason, /^2 of 3 background tasks failed: "work\.flaky" \(.+\): failure 2 of a; "given by hand" \(.+\): never again$/)
  })

  await testOnEach(t, 'with onError "stop" the tasks behind one that has failed are skipped', async (t, server) => {
    const { queue, outcomes, bull } = await openWithWorker(t, server)
    const notes = new Notes(t)
    await queue.drain([[work.once, notes.file], [work.note, notes.file, 'b'], [work.note, notes.file, 'c']], 'stop')
    await untilState(bull, 'failed')
    t.same(outcomes.all, ['given by hand failed, work.note skipped, work.note skipped'])
    t.same(notes.lines, ['once'])
  })

  await testOnEach(t, 'a job that is retried by hand runs what failed, and nothing else', async (t, server) => {
    const { queue, outcomes, bull } = await openWithWorker(t, server, { attempts: 1 })
    const notes = new Notes(t)
    await queue.drain([[work.note, notes.file, 'a'], [work.failsOnce, notes.file, 'b'], [work.note, notes.file, 'c']])
    await untilState(bull, 'failed')
    const [job] = await bull.getFailed()
    await job?.retry()
    await untilState(bull, 'completed')
    t.same(notes.lines, ['a', 'b fails', 'c', 'b'])
    t.equal(outcomes.all.length, 4)
  })

  await testOnEach(t, 'a task has waited since its job was stored', async (t, server) => {
    const queue = await openTestQueue(t, server.url())
    openQueue(t, server, queue.name)
    const notes = new Notes(t)
    await queue.drain([[work.slow, notes.file, 'a', 100], [work.note, notes.file, 'b']])
    await sleep(300)
    const { outcomes } = await startTestWorker(t, server, queue.name)
    await outcomes.until(2)
    const [first, second] = outcomes.waits as [number, number]
    t.ok(first >= 299 && first < 60_000, `${first} ms`)
    t.ok(second >= first + 99, `${second} ms, with the task before it`)
  })

  await testOnEach(t, 'a job with a task that the worker does not know is given back until a worker knows it', async (t, server) => {
    const known = new Map(functions)
    known.delete('work.flaky')
    const queue = await openTestQueue(t, server.url())
    const bull = openQueue(t, server, queue.name)
    const old = await startTestWorker(t, server, queue.name, { known })
    const notes = new Notes(t)
    await queue.drain([[work.note, notes.file, 'a'], [work.flaky, notes.file, 'b', 1]])
    await old.lines.until('this worker has no task "work.flaky": its job goes back to the queue')
    await untilState(bull, 'delayed')
    await old.worker.close()
    const young = await startTestWorker(t, server, queue.name)
    await young.outcomes.until(2)
    t.same(young.outcomes.all, ['work.flaky retried after 1', 'work.flaky completed'], 'no attempt was used up')
    await untilState(bull, 'completed')
  })

  await testOnEach(t, 'a task that no worker has known for an hour fails, and the next one runs', async (t, server) => {
    const { queue, bull, outcomes } = await openWithWorker(t, server)
    const notes = new Notes(t)
    await bull.add('by hand', {
      version: 1,
      onError: 'continue',
      tasks: [{ id: '1', name: 'gone', args: [], attempts: 5 }, { id: '2', name: 'work.note', args: [notes.file, 'b'], attempts: 5 }]
    }, { delay: 60_000, jobId: 'job' })
    const job = await bull.getJob('job')
    await job?.updateProgress({ position: 0, failures: 0, starts: 0, losses: 0, ends: 0, failed: [], unknownSince: Date.now() - 3_600_001 })
    await job?.promote()
    await untilState(bull, 'failed')
    t.same(outcomes.all, ['gone failed', 'work.note completed'])
    t.match(outcomes.errors, [{ code: 'FST_BGT_UNKNOWN_TASK' }])
    t.same(queue.here.all, [])
  })

  await testOnEach(t, 'a malformed job fails with a clear reason, and harms nothing', async (t, server) => {
    const { queue, bull, outcomes, lines } = await openWithWorker(t, server)
    const notes = new Notes(t)
    await bull.add('foreign', { some: 'data' })
    await queue.drain([[work.note, notes.file, 'a']])
    await outcomes.until(1)
    await untilState(bull, 'failed')
    const [job] = await bull.getFailed()
    t.match(job?.failedReason, /^The job is malformed: its data has version undefined/)
    t.match(lines.with('a job failed'), [{ level: 'error', message: 'a job failed: The job is malformed: its data has version undefined, but this worker knows version 1 only. addTask() stores the jobs of this queue; keep other jobs in a queue of another name (option "queue.name").' }])
  })

  await testOnEach(t, 'messages with NUL and half an emoji are recorded, in safe form', async (t, server) => {
    const { queue, bull, outcomes } = await openWithWorker(t, server, { attempts: 1 })
    await queue.drain([[work.failsBadly, 0], [work.failsBadly, 100_000]])
    await untilState(bull, 'failed')
    const [job] = await bull.getFailed()
    t.match(job?.failedReason, 'NUL \ufffd and half \ufffd an emoji')
    t.ok(String(job?.failedReason).length < 2_100)
    t.equal(outcomes.all.length, 2)
  })

  await testOnEach(t, 'a worker that closes finishes what it runs, and takes no more', async (t, server) => {
    const queue = await openTestQueue(t, server.url())
    const bull = openQueue(t, server, queue.name)
    const { worker, outcomes } = await startTestWorker(t, server, queue.name, { concurrency: 1 })
    const notes = new Notes(t)
    await queue.drain([[work.wait, notes.file, 'a']])
    await notes.until(1)
    await queue.drain([[work.note, notes.file, 'b']])
    const closing = worker.close()
    notes.add('go on')
    await closing
    t.same(notes.lines, ['a begins', 'go on', 'a ends'])
    t.same(outcomes.all, ['work.wait completed'])
    await untilState(bull, 'waiting')
  })
})
