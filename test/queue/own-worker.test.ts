import { test, type Test } from 'tap'
import { Notes, openQueue, testOnEach, type QueueServer } from '../helpers/queue.js'
import { functions, openTestQueue, Outcomes, work } from './harness.js'

async function openWithOwnWorker (t: Test, server: QueueServer, blocked?: (functions: unknown[], duration: number) => void) {
  const queue = await openTestQueue(t, server.url(), { worker: { concurrency: 2 } })
  const outcomes = new Outcomes()
  await queue.queue.work({ functions, log: queue.lines.log, createOwner: (job) => outcomes.createOwner(job, queue.lines), blocked })
  return { queue, outcomes, notes: new Notes(t), bull: openQueue(t, server, queue.name) }
}

test('a worker in the process of the server', async (t: Test) => {
  await testOnEach(t, 'idle() waits for its jobs, those that wait for a retry as well', async (t, server) => {
    const { queue, outcomes, notes } = await openWithOwnWorker(t, server)
    await queue.drain([[work.slow, notes.file, 1, 50], [work.flaky, notes.file, 2, 1]])
    await queue.queue.idle()
    t.same(outcomes.all, ['work.slow completed', 'work.flaky retried after 1', 'work.flaky completed'])
  })

  await testOnEach(t, 'when it has taken too long to close, its tasks are told to stop, and others take their jobs over', async (t, server) => {
    const { queue, outcomes, notes, bull } = await openWithOwnWorker(t, server)
    await queue.drain([[work.untilAborted, notes.file], [work.note, notes.file, 'never here']])
    await notes.until(1)
    const closing = queue.queue.closeWorker()
    await queue.queue.abandonWorker()
    await closing
    await notes.until(2)
    t.same(notes.lines, ['begins', 'AbortError: The app is closing, and closeTimeout has passed'])
    t.same(outcomes.all, [], 'nothing is reported as completed or failed')
    t.match(queue.lines.with('unfinished: another worker will take over its job'), [{ level: 'warn', fields: { task: 'work.untilAborted' } }])
    t.match(await bull.getJobCounts('active'), { active: 1 })
    await queue.queue.close()
  })

  await testOnEach(t, 'an async task that blocks the event loop is named', async (t, server) => {
    const blocked: Array<[functions: unknown[], duration: number]> = []
    const { queue, outcomes } = await openWithOwnWorker(t, server, (functions, duration) => { blocked.push([functions, duration]) })
    await queue.drain([[work.blocks, 200]])
    await outcomes.until(1)
    while (blocked.length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    t.same(blocked[0]?.[0], [work.blocks])
    t.ok(Number(blocked[0]?.[1]) > 100)
  })
})
