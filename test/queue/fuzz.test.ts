import type { Job, JobProgress } from 'bullmq'
import fc from 'fast-check'
import { strict as assert } from 'node:assert'
import { inspect } from 'node:util'
import t from 'tap'
import { messageOf } from '../../lib/core/message-of.js'
import { called, calls } from '../fixtures/fuzz/fuzz.js'
import { createQueueApp, testOnEach, type QueueServer } from '../helpers/queue.js'

const fuzzTasks = new URL('../fixtures/fuzz/', import.meta.url)
const known = ['fuzz.called', 'fuzz.throwing']

interface FuzzedJob {
  name: string
  data: unknown
  attempts: number
  progress?: JobProgress | undefined
}

/** What JSON can say, and the server can store: PostgreSQL has no character 0. */
function values (server: QueueServer): fc.Arbitrary<fc.JsonValue> {
  return fc.jsonValue({ stringUnit: 'binary' }).filter((value) => server.name === 'Redis' || !JSON.stringify(value).includes('\\u0000'))
}

/** Jobs that are ours but for some value in them, and some that are not. */
function jobs (value: fc.Arbitrary<fc.JsonValue>): fc.Arbitrary<FuzzedJob> {
  const task = fc.record({
    id: fc.uuid(),
    name: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...known) }, fc.constantFrom('fuzz', 'fuzz.constructor', 'constructor', '__proto__', 'toString', 'process.exit', '')),
    args: fc.array(value, { maxLength: 2 }),
    attempts: fc.integer({ min: 1, max: 3 })
  })
  const tasks = fc.array(task, { minLength: 1, maxLength: 3 })
  const data = fc.record({ version: fc.constant(1), onError: fc.constantFrom('continue', 'stop'), reqId: fc.string(), tasks })
  const spoilt = <T extends object> (object: T, keys: string[]) => fc.tuple(fc.constantFrom(...keys), fc.option(value, { nil: undefined }))
    .map(([key, other]) => ({ ...object, [key]: other }))
  const almost = data.chain((data) => fc.oneof(
    spoilt(data, ['version', 'onError', 'reqId', 'tasks']),
    spoilt(data.tasks[0]!, ['id', 'name', 'args', 'attempts', 'timeout']).map((task) => ({ ...data, tasks: [task, ...data.tasks.slice(1)] }))
  ))

  const outcome = fc.constantFrom('completed', 'failed', 'skipped')
  const failure = fc.record({ id: fc.uuid(), name: fc.constantFrom(...known), message: fc.lorem() })
  const progress = fc.record({ outcomes: fc.array(outcome, { maxLength: 4 }), failed: fc.array(failure, { maxLength: 2 }), failures: fc.nat(4), deaths: fc.nat(4) })
  const almostProgress = progress.chain((progress) => fc.oneof(
    spoilt(progress, ['outcomes', 'failed', 'failures', 'deaths']),
    fc.array(value, { maxLength: 3 }).map((outcomes) => ({ ...progress, outcomes })),
    fc.array(fc.oneof(value, spoilt(progress.failed[0] ?? {}, ['id', 'name', 'message'])), { maxLength: 3 }).map((failed) => ({ ...progress, failed }))
  ))
  return fc.record({
    name: fc.oneof(fc.constantFrom('background-tasks', 'constructor', '__proto__'), fc.string()),
    data: fc.oneof(value, { weight: 4, arbitrary: data }, { weight: 4, arbitrary: almost }),
    attempts: fc.nat(3),
    progress: fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, progress, { weight: 2, arbitrary: almostProgress }, value.filter((value) => value !== null)) as fc.Arbitrary<JobProgress | undefined>
  })
}

/** Whether a job's error says what is wrong with it, or which of its tasks have failed. */
function isClear (reason: string, data: { tasks: unknown[] }): boolean {
  if (/^The job is malformed: ./.test(reason)) return true
  const [, failed, all] = /^(\d+) of (\d+) background tasks failed: "/.exec(reason) ?? []
  return Number(failed) <= Number(all) && Number(all) === data.tasks.length && !/undefined|\[object/.test(reason)
}

testOnEach(t, 'whatever a job holds it ends, as completed or with an error that says why, and the worker goes on', async (t, server) => {
  const unhandled: unknown[] = []
  const note = (error: unknown) => { unhandled.push(error) }
  process.on('unhandledRejection', note)
  t.teardown(() => process.off('unhandledRejection', note))

  const { app, queue } = await createQueueApp(t, server, { tasks: fuzzTasks, threads: false, queue: { worker: true } })
  const all = fc.array(jobs(values(server)), { minLength: 300, maxLength: 300, size: 'max' })
  const { failed, seed, errorInstance } = await fc.check(fc.asyncProperty(fc.noShrink(all), async (fuzzed) => {
    await queue.pause()
    const added = await queue.addBulk(fuzzed.map(({ name, data, attempts }) => ({ name, data, opts: { attempts, backoff: { type: 'background-tasks', delay: 1 } } })))
    await Promise.all(added.map(async (job, i) => { if (fuzzed[i]?.progress !== undefined) await job.updateProgress(fuzzed[i].progress) }))
    await queue.resume()
    await app.backgroundTasks.idle()

    const completed = await queue.getCompleted()
    const failed = await queue.getFailed()
    const ids = (jobs: Job[]) => jobs.map(({ id }) => id).toSorted()
    assert.deepEqual(ids([...completed, ...failed]), ids(added), 'each has ended')
    for (const { failedReason, data, progress } of failed) assert.ok(isClear(failedReason, data), inspect({ failedReason, data, progress }, { depth: 5 }))
    const untouched = new Set(added.filter((_, i) => fuzzed[i]?.progress === undefined).map(({ id }) => id))
    for (const { id, data } of completed) {
      if (untouched.has(id)) assert.ok(data.tasks.every(({ name }: { name: string }) => name === 'fuzz.called'), inspect(data, { depth: 5 }))
    }
    assert.ok(completed.length > 0 && failed.length > 0)
  }), { numRuns: 1 })
  // Three hundred jobs are too many to show; the seed makes them again.
  if (failed) throw new Error(`with the seed ${seed}: ${messageOf(errorInstance)}`, { cause: errorInstance })

  calls.length = 0
  app.backgroundTasks.addTask(called, 'goes on')
  await app.backgroundTasks.idle()
  t.same(calls, [['goes on']])
  t.same(unhandled, [])
})
