import { AsyncLocalStorage } from 'node:async_hooks'
import { test, type Test } from 'tap'
import { Notes } from '../helpers/queue.js'
import { functions, Outcomes, openTestQueue, work } from './harness.js'

async function openInMemory (t: Test, options: object = {}) {
  const outcomes = new Outcomes()
  const queue = await openTestQueue(t, 'memory:', options)
  await queue.queue.work({ functions, log: queue.lines.log, createOwner: (job) => outcomes.createOwner(job, queue.lines) })
  return { queue, outcomes, notes: new Notes(t) }
}

test('a queue in memory runs jobs in this process, by the same rules', async (t) => {
  const { queue, outcomes, notes } = await openInMemory(t)
  await queue.drain([[work.note, notes.file, 1], [work.flaky, notes.file, 2, 2], [work.note, notes.file, 3]])
  await queue.queue.idle()
  t.same(outcomes.all, ['work.note completed', 'work.flaky retried after 1', 'work.flaky retried after 2', 'work.flaky completed', 'work.note completed'])
  t.same(queue.here.all, [])
  t.ok(queue.queue.hasWorker)
})

test('arguments in memory are copies, and what would not survive a server is refused', async (t) => {
  const { queue, notes } = await openInMemory(t)
  const argument = { at: 1, gone: undefined }
  await queue.drain([[work.note, notes.file, argument]])
  argument.at = 2
  await queue.queue.idle()
  t.same(notes.lines, [{ at: 1 }])
  t.throws(() => queue.collect([[work.note, new Date()]]), { code: 'FST_BGT_ARGUMENT' })
})

test('a job in memory does not run in the async context of its request', async (t) => {
  const storage = new AsyncLocalStorage<string>()
  const { queue } = await openInMemory(t)
  const seen: unknown[] = []
  ;(globalThis as any).observe = () => { seen.push(storage.getStore()) }
  await storage.run('request', async () => { await queue.drain([[work.observes]]) })
  await queue.queue.idle()
  t.same(seen, [undefined])
})

test('a task in memory has waited since its job was stored', async (t) => {
  const { queue, outcomes, notes } = await openInMemory(t)
  await queue.drain([[work.slow, notes.file, 'a', 100], [work.note, notes.file, 'b']])
  await queue.queue.idle()
  t.ok(Number(outcomes.waits[1]) >= 99, `${outcomes.waits[1]} ms, with the task before it`)
})

test('a job in memory fails without its neighbors', async (t) => {
  const { queue, outcomes, notes } = await openInMemory(t)
  await queue.drain([[work.once, notes.file], [work.note, notes.file, 'skipped']], 'stop')
  await queue.drain([[work.heavy, notes.file, 'other queue']])
  await queue.queue.idle()
  t.same(outcomes.all.sort(), ['given by hand failed, work.note skipped', 'work.heavy completed'])
})

test('closing waits for the jobs in memory, those that wait for a retry as well', async (t) => {
  const { queue, outcomes, notes } = await openInMemory(t, { backoff: 50 })
  await queue.drain([[work.flaky, notes.file, 1, 1]])
  await queue.queue.closeWorker()
  t.same(outcomes.all, ['work.flaky retried after 1', 'work.flaky completed'])
})

test('what is left in memory when the app is abandoned is reported', async (t) => {
  const { queue, outcomes, notes } = await openInMemory(t, { worker: { concurrency: 1 } })
  await queue.drain([[work.wait, notes.file, 'a'], [work.note, notes.file, 'b']])
  await notes.until(1)
  await queue.drain([[work.note, notes.file, 'c']])
  await queue.queue.abandonWorker()
  t.same(outcomes.all, ['work.wait unfinished', 'work.note unfinished', 'work.note unfinished'])
  await queue.queue.idle()
  notes.add('go on')
})
