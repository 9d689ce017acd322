import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { QueueOptions } from '../../lib/queue/queue-options.js'
import { Network, Notes, openQueue, testOnEach, type QueueServer } from '../helpers/queue.js'
import { openTestQueue, openWithWorker, startTestWorker, work } from './harness.js'

/** A queue over a network that gives trouble when told to, and the same queue as BullMQ has it. */
async function openOverNetwork (t: Test, server: QueueServer, options?: Partial<QueueOptions>) {
  const network = await Network.create(t, server)
  const queue = await openTestQueue(t, server.url(network.port), options)
  return { network, queue, bull: openQueue(t, server, queue.name), notes: new Notes(t) }
}

/** The same, with a connection that is open: a job is stored already. */
async function openConnected (t: Test, server: QueueServer) {
  const open = await openOverNetwork(t, server)
  await open.queue.drain([[work.note, '/dev/null', 'first']])
  return open
}

t.jobs = 3 // mostly they wait for what has a deadline

testOnEach(t, 'the queue tasks of a collection are one job, what stays runs here', async (t, server) => {
  const queue = await openTestQueue(t, server.url())
  const bull = openQueue(t, server, queue.name)
  const notes = new Notes(t)
  await queue.drain([[work.note, notes.file, 1], [work.here, notes.file], [work.note, notes.file, 2]], 'stop', { id: 'req-7' })
  const [job, ...others] = await bull.getJobs('waiting')
  t.equal(others.length, 0)
  t.match(job?.data, { version: 1, onError: 'stop', reqId: 'req-7', backoff: 20, tasks: [{ name: 'work.note', args: [notes.file, 1], attempts: 5 }, { args: [notes.file, 2] }] })
  t.match(job?.opts, { removeOnComplete: { age: 300 }, removeOnFail: { age: 604_800 } })
  t.same(queue.here.all, ['work.here completed'])
})

testOnEach(t, 'a function that names another queue is stored there', async (t, server) => {
  const queue = await openTestQueue(t, server.url())
  const bull = openQueue(t, server, queue.name)
  const heavy = openQueue(t, server, `heavy-${process.pid}`)
  const notes = new Notes(t)
  await queue.drain([[work.heavy, notes.file, 1], [work.note, notes.file, 2], [work.heavy, notes.file, 3]])
  t.match((await bull.getJobs('waiting')).map(({ data }) => data.tasks.length), [1])
  const jobs = (await heavy.getJobs('waiting')).filter(({ data }) => data.tasks[0].args[0] === notes.file)
  t.match(jobs.map(({ data }) => data.tasks.map(({ args }: any) => args[1])), [[1, 3]])
  t.same(queue.here.all, [])
})

testOnEach(t, 'jobs of requests that end together are all stored', async (t, server) => {
  const queue = await openTestQueue(t, server.url())
  const bull = openQueue(t, server, queue.name)
  await Promise.all(Array.from({ length: 1_000 }, async (_, i) => { await queue.drain([[work.note, '/dev/null', i]]) }))
  t.match(await bull.getJobCounts('waiting'), { waiting: 1_000 })
})

testOnEach(t, 'while the server is known to be unavailable tasks run here, in their order with the others, after one warning', async (t, server) => {
  const network = await Network.create(t, server)
  const queue = await openTestQueue(t, server.url(network.port))
  const notes = new Notes(t)
  network.cut()
  await queue.drain([[work.note, notes.file, 'a'], [work.note, notes.file, 'b']]) // PostgreSQL: the first to find out waits for the server
    .finally(() => { network.cut() })
  t.same(notes.lines, ['a', 'b'])
  for (let i = 0; i < 5; i++) await queue.drain([[work.note, notes.file, i], [work.here, notes.file], [work.note, notes.file, -i]])
  t.same(notes.titles, ['a', 'b', 0, 'here', 0, 1, 'here', -1, 2, 'here', -2, 3, 'here', -3, 4, 'here', -4])
  t.equal(queue.lines.all.filter(({ level }) => level === 'warn').length, 1)
  t.match(queue.lines.with('is unavailable for the queue')[0]?.message, `${server.name} is unavailable for the queue: until it is available again, tasks run in this process`)

  network.mend()
  await queue.lines.until('is available again for the queue')
  const bull = openQueue(t, server, queue.name)
  await queue.drain([[work.note, notes.file, 'c']])
  t.match(await bull.getJobCounts('waiting'), { waiting: 1 })
})

testOnEach(t, 'what is stored while the server does not answer for some seconds runs once', async (t, server) => {
  const { network, queue, bull, notes } = await openConnected(t, server)
  network.mute() // what is sent arrives
  const draining = queue.drain([[work.note, notes.file, 'sent']])
  await queue.lines.until('is unavailable')
  network.mend()
  await draining
  t.same(queue.here.all, [], 'nothing ran here')
  t.match(await bull.getJobCounts('waiting'), { waiting: 2 }, 'stored once more under its id')
  const { outcomes } = await startTestWorker(t, server, queue.name)
  await outcomes.until(2)
  await sleep(200)
  t.same(notes.lines, ['sent'])
})

testOnEach(t, 'what could not be stored for 10 s runs here, and is removed from the queue when it answers again', async (t, server) => {
  const { network, queue, bull, notes } = await openConnected(t, server)
  network.mute()
  const start = performance.now()
  const draining = queue.drain([[work.note, notes.file, 'sent'], [work.here, notes.file]])
  await queue.lines.until('is unavailable')
  network.cut()
  await draining
  t.ok(performance.now() - start > 9_900)
  t.same(notes.titles, ['here', 'sent'])
  t.match(await bull.getJobCounts('waiting'), { waiting: 2 })
  network.mend()
  while ((await bull.getJobCounts('waiting')).waiting !== 1) await sleep(20)
})

testOnEach(t, 'a connection that is lost while the server refuses one job of several runs none of the others here', async (t, server) => {
  const { network, queue, bull, notes } = await openConnected(t, server)
  const changed = { toJSON: undefined as unknown }
  const refused = queue.collect([[work.once, changed]])
  let looks = 0
  changed.toJSON = () => {
    if (++looks === 2) network.cut() // the first time it is one of a batch
    throw new Error('changed after it was added')
  }
  const draining = Promise.all([refused.run(), queue.drain([[work.note, notes.file, 'a']]), queue.drain([[work.note, notes.file, 'b']])])
  await queue.lines.until('is unavailable')
  network.mend()
  await draining
  t.notMatch(queue.here.all.join(), 'work.note')
  t.match(await bull.getJobCounts('waiting'), { waiting: 3 })
})

testOnEach(t, 'with enqueue "beforeResponse" what cannot be stored within 2 s is refused, runs nowhere, and says nothing of the server', async (t, server) => {
  const { network, queue, bull, notes } = await openOverNetwork(t, server, { enqueue: 'beforeResponse' })
  network.mute()
  const start = performance.now()
  const error = await queue.collect([[work.note, notes.file, 'a']]).store().catch((error) => error)
  const took = performance.now() - start
  t.ok(took > 1_900 && took < 9_000, `${took} ms`)
  t.match(error, { code: 'FST_BGT_QUEUE_UNAVAILABLE', statusCode: 503, message: 'The background tasks cannot be stored on the queue: its server is unavailable. Try again later.' })
  await queue.lines.until('is unavailable')
  const next = performance.now()
  await t.rejects(queue.collect([[work.note, notes.file, 'b']]).store(), { code: 'FST_BGT_QUEUE_UNAVAILABLE' })
  t.ok(performance.now() - next < 1_000, 'at once while it is known to be unavailable')
  network.mend()
  while ((await bull.getJobCounts('waiting')).waiting !== 0) await sleep(20)
  t.same(notes.lines, [])
})

testOnEach(t, 'arguments that would not arrive as they are refused when they are added', async (t, server) => {
  const { queue, outcomes } = await openWithWorker(t, server)
  const notes = new Notes(t)
  const refused: Array<[args: unknown[], message: string]> = [
    [['a', { text: 'NUL \0' }], 'argument 2 (args[1].text) cannot be stored: it is a string with a NUL character'],
    [['\u{1f600}'.slice(0, 1)], 'argument 1 (args[0]) cannot be stored: it is a string with a lone surrogate'],
    [[{ 'a\0': 1 }], 'argument 1 (args[0]) cannot be stored: it is an object one of whose keys is a string with a NUL character'],
    [[new Date()], 'argument 1 (args[0]) cannot be stored: it is a Date'],
    [['x'.repeat(1_000_000)], 'its arguments take 1000004 bytes of JSON']
  ]
  for (const [args, message] of refused) t.throws(() => queue.collect([[work.note, ...args]]), { code: 'FST_BGT_ARGUMENT', message })
  t.throws(() => queue.collect([[work.note, 'x'.repeat(600_000)], [work.note, 'é'.repeat(200_000)]]), { message: /^Background task "work\.note" runs on a queue, but its arguments take 400004 bytes of JSON, 1000008 with those of the tasks before it/ })
  await queue.drain([[work.note, notes.file, { ключ: '\u{1f600}\u0001\u2028', nested: [null, -0, 1e300] }]])
  await outcomes.until(1)
  t.same(notes.lines, [{ ключ: '\u{1f600}\u0001\u2028', nested: [null, 0, 1e300] }])
})

testOnEach(t, 'a queue that no worker takes from is one warning', async (t, server) => {
  const queue = await openTestQueue(t, server.url(), {}, { unattendedWait: 100 })
  openQueue(t, server, queue.name)
  for (let i = 0; i < 5; i++) {
    await queue.drain([[work.note, '/dev/null', i]])
    await sleep(60)
  }
  await queue.lines.until(`no worker runs the jobs of the queue "${queue.name}"`)
  await queue.drain([[work.note, '/dev/null', 5]])
  await sleep(300)
  t.equal(queue.lines.with('no worker runs').length, 1)

  const attended = await openWithWorker(t, server)
  await attended.queue.drain([[work.note, '/dev/null', 1]])
  t.equal(attended.queue.lines.with('no worker runs').length, 0)
})
