import type { Job } from 'bullmq'
import t from 'tap'
import { Executions } from '../../lib/core/executions/index.js'
import { AttemptFailed, backoffOf, JobRunner } from '../../lib/queue/job-runner.js'
import { createWorker } from '../../lib/queue/worker.js'
import { TaskLog } from '../../lib/task-log.js'
import * as work from '../fixtures/queue/work.js'
import { createBareApp } from '../helpers/app.js'
import { createQueueApp, Network, Notes, queueTasks, testOnEach, testOnOne } from '../helpers/queue.js'

testOnEach(t, 'a job that is none of ours fails at once, and the worker goes on', async (t, server) => {
  const { app, notes, queue } = await createQueueApp(t, server, { queue: { worker: true } })
  const task = { id: '1', name: 'work.note', args: [notes.file, 1], attempts: 1 }
  const job = { version: 1, onError: 'continue', tasks: [task] }
  const cases: Array<[data: unknown, problem: RegExp]> = [
    ['text', /its data are no object/],
    [[], /its data are no object/],
    [{}, /its data have version undefined, where this worker knows 1/],
    [{ ...job, version: 2 }, /version 2/],
    [{ ...job, onError: 'explode' }, /its onError is neither "continue" nor "stop"/],
    [{ ...job, reqId: 1 }, /its reqId is no string/],
    [{ ...job, tasks: {} }, /it has no tasks/],
    [{ ...job, tasks: [] }, /it has no tasks/],
    ...[null, [], { ...task, id: 1 }, { ...task, name: null }, { ...task, args: 'x' }, { ...task, attempts: 0 }, { ...task, timeout: 1e12 }]
      .map((wrong): [unknown, RegExp] => [{ ...job, tasks: [task, wrong] }, /its tasks\[1\] is none/])
  ]
  for (const [data] of cases) await queue.add('foreign', data as never, { attempts: 3 })
  app.backgroundTasks.addTask(work.note, notes.file, 'goes on')
  await app.backgroundTasks.idle()

  t.same(notes.lines, ['goes on'])
  const failed = (await queue.getFailed()).toSorted((a, b) => a.timestamp - b.timestamp || Number(a.id) - Number(b.id))
  t.equal(failed.length, cases.length)
  const reasons = failed.map(({ failedReason }) => failedReason)
  for (const [, problem] of cases) t.ok(reasons.some((reason) => /^The job is malformed: /.test(reason) && problem.test(reason)), String(problem))
  t.ok(failed.every(({ attemptsMade }) => attemptsMade === 1))
})

testOnOne(t, 'a name that a worker does not know is an unknown task, whatever it is', async (t, server) => {
  const { app, queue, log } = await createQueueApp(t, server, { queue: { worker: true } })
  for (const name of ['nobody', 'constructor', '__proto__', 'toString', 'work.constructor']) {
    await queue.add('by hand', { version: 1, onError: 'continue', tasks: [{ id: name, name, args: [], attempts: 2 }] }, { attempts: 2 })
  }
  await app.backgroundTasks.idle()
  const failed = await queue.getFailed()
  t.equal(failed.length, 5)
  for (const { failedReason } of failed) t.match(failedReason, /^1 of 1 background tasks failed: "(\S+)" \(\1\): This worker has no task "\1"/)
  t.match(log.with('background task failed'), Array.from({ length: 5 }, () => ({ err: { code: 'FST_BGT_UNKNOWN_TASK' }, attempt: 2 })))
})

testOnOne(t, 'where one worker does not know a task yet, another one runs it', async (t, server) => {
  const { app, notes, name } = await createQueueApp(t, server, { queue: { backoff: 200 } })
  app.backgroundTasks.addTask(work.note, notes.file, 1)
  await app.backgroundTasks.idle()
  const { app: { log }, log: oldLog } = createBareApp(t)
  const old = await createWorker({ tasks: new URL('../fixtures/tasks/nested/', import.meta.url), queue: { connection: server.url(), name }, threads: false, logger: log })
  while (oldLog.with('background task failed, and is tried again').length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
  const fresh = await createWorker({ tasks: queueTasks, queue: { connection: server.url(), name }, threads: false })
  await old.close()
  await notes.until(1)
  await fresh.close()
  t.match(oldLog.with('background task failed, and is tried again')[0], { task: 'work.note', err: { code: 'FST_BGT_UNKNOWN_TASK' } })
})

testOnEach(t, 'while the server is away a job records what has run as soon as it is back, and runs none of it again', async (t, server) => {
  const network = await Network.create(t, server)
  const { app, notes, queue, name } = await createQueueApp(t, server)
  const { app: { log }, log: lines } = createBareApp(t)
  const worker = await createWorker({ tasks: queueTasks, queue: { connection: server.url(network.port), name }, threads: false, logger: log })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.wait, notes.file, 'first')
    request.backgroundTasks.addTask(work.note, notes.file, 'second')
    return 'ok'
  })
  await app.inject('/')
  await notes.until(1)
  network.cut()
  notes.add('go on')
  await notes.until(3)
  while (lines.with('the worker has trouble with the queue\'s server, and tries again').length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  network.mend()
  while (await queue.getCompletedCount() < 1) await new Promise((resolve) => setTimeout(resolve, 50))
  await worker.close()
  t.same(notes.lines, ['first begins', 'go on', 'first ends', 'second'])
})

testOnEach(t, 'what the server does not take fails alone, and its tasks run in the process', async (t, server) => {
  const { app, notes, queue, log } = await createQueueApp(t, server)
  // PostgreSQL stores no character 0; Redis takes anything.
  await Promise.all([1, 2, 3].map(async (n) => { app.backgroundTasks.addTask(work.note, notes.file, n === 2 ? 'two\u0000' : n) }))
  await app.backgroundTasks.idle()
  const refused = server.name === 'PostgreSQL' ? 1 : 0
  t.equal(await queue.getWaitingCount(), 3 - refused)
  t.same(notes.lines, ['two\u0000'].slice(0, refused))
  t.equal(log.with('background task runs in this process, as it cannot be stored on the queue').length, refused)
})

/** A job as BullMQ gives it, whose workers have died: real ones take minutes to do so. */
function createJob (notes: Notes, stalledCounter: number, progress: unknown = 0) {
  const recorded: unknown[] = []
  return {
    recorded,
    job: {
      id: '1',
      stalledCounter,
      progress,
      attemptsMade: 0,
      timestamp: Date.now(),
      opts: { attempts: 10, backoff: { delay: 100 } },
      data: { version: 1, onError: 'continue', tasks: [{ id: 'a', name: 'deadly', args: [], attempts: 5 }, { id: 'b', name: 'harmless', args: [notes.file], attempts: 5 }] },
      async updateProgress (value: unknown) { recorded.push(structuredClone(value)) }
    } as unknown as Job
  }
}

function createRunner (notes: Notes, countTroubles = () => 0) {
  return new JobRunner({
    functions: new Map([['deadly', async () => { notes.add('deadly') }], ['harmless', async () => { notes.add('harmless') }]]),
    executions: new Executions({}),
    reporterOf: () => new TaskLog(createBareApp(t).app.log, { onTaskError: undefined }),
    countTroubles,
    UnrecoverableError: class UnrecoverableError extends Error {}
  })
}

t.test('a task of which three workers have died is given up, and the next one runs', async (t) => {
  const notes = new Notes(t)
  const { job } = createJob(notes, 3)
  await t.rejects(createRunner(notes).run(job), { message: /^1 of 2 background tasks failed: "deadly" \(a\): Background task "deadly" is not tried again, as 3 workers have died while it ran/ })
  t.same(notes.lines, ['harmless'])

  const survivor = createJob(notes, 3, { outcomes: ['completed'], failed: [], failures: 0, deaths: 2 })
  await createRunner(notes).run(survivor.job)
  t.same(notes.lines, ['harmless', 'harmless'], 'deaths of the task before are not its own')
})

t.test('a job whose worker died when it had run all tasks runs none again, but for by hand', async (t) => {
  const notes = new Notes(t)
  const progress = { outcomes: ['failed', 'completed'], failed: [{ id: 'a', name: 'deadly', message: 'hopeless' }], failures: 0, deaths: 0 }
  const { job, recorded } = createJob(notes, 1, structuredClone(progress))
  await t.rejects(createRunner(notes).run(job), { message: '1 of 2 background tasks failed: "deadly" (a): hopeless' })
  t.same(notes.lines, [])
  t.match(recorded, [{ outcomes: ['failed', 'completed'], deaths: 1 }])

  await createRunner(notes).run(createJob(notes, 1, recorded[0]).job)
  t.same(notes.lines, ['deadly', 'harmless'])
})

t.test('progress that is none of ours counts as none', async (t) => {
  const done = { outcomes: ['completed'], failed: [], failures: 0, deaths: 0 }
  const foreign = [
    'half', { ...done, outcomes: ['done'] }, { ...done, outcomes: ['completed', 'completed', 'completed'] }, { ...done, outcomes: ['failed'] },
    { ...done, failed: [null] }, { ...done, outcomes: ['failed'], failed: [{ id: 'a', name: 'deadly' }] }, { ...done, failures: -1 }, { ...done, deaths: '0' }
  ]
  const notes = new Notes(t)
  await createRunner(notes).run(createJob(notes, 0, structuredClone(done)).job)
  t.same(notes.lines, ['harmless'])
  for (const progress of foreign) {
    await createRunner(notes).run(createJob(notes, 0, structuredClone(progress)).job)
    t.same(notes.lines.slice(-2), ['deadly', 'harmless'], JSON.stringify(progress))
  }
  t.equal(notes.lines.length, 1 + 2 * foreign.length)
})

t.test('a job records its last task, too, where its end may not reach the server', async (t) => {
  const notes = new Notes(t)
  let troubles = 0
  const calm = createJob(notes, 0)
  await createRunner(notes, () => troubles).run(calm.job)
  t.equal(calm.recorded.length, 1)

  const troubled = createJob(notes, 0)
  await createRunner(notes, () => troubles++).run(troubled.job)
  t.match(troubled.recorded.at(-1), { outcomes: ['completed', 'completed'] })
  await createRunner(notes).run(createJob(notes, 1, troubled.recorded.at(-1)).job)
  t.equal(notes.lines.length, 4, 'nothing runs once more')
})

t.test('a job that may be with another worker goes no further', async (t) => {
  const notes = new Notes(t)
  const lost = new AbortController()
  lost.abort(new Error('another worker may have it'))
  await t.rejects(createRunner(notes).run(createJob(notes, 0).job, lost.signal), { message: 'another worker may have it' })
  t.same(notes.lines, [])
})

t.test('a job that is gone is not recorded for ever', async (t) => {
  const notes = new Notes(t)
  const { job } = createJob(notes, 0)
  job.updateProgress = async () => { throw new Error('Missing key for job 1. updateProgress') }
  await t.rejects(createRunner(notes).run(job), { message: /Missing key/ })
})

t.test('the longer a task has failed the longer it waits', async (t) => {
  const job = { opts: { backoff: { delay: 100 } } }
  for (const [attempt, least, most] of [[1, 100, 150], [2, 200, 300], [4, 800, 1_200]] as const) {
    const delay = backoffOf(9, undefined, new AttemptFailed(new Error('once more'), attempt), job)
    t.ok(delay >= least && delay <= most, `${delay}`)
  }
  t.ok(backoffOf(2, undefined, new Error('not by a task'), job) >= 200)
  t.equal(backoffOf(2, undefined, undefined, { opts: {} }), 0)
})
