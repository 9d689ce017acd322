import type { JobProgress } from 'bullmq'
import fc from 'fast-check'
import { strict as assert } from 'node:assert'
import { inspect } from 'node:util'
import t from 'tap'
import type { TaskFunction } from '../../lib/core/task-function.js'
import { findLoss } from '../../lib/queue/json.js'
import { openQueue, testOnEach } from '../helpers/queue.js'
import { openTestQueue, startTestWorker } from './harness.js'

const calls: unknown[][] = []
const known = new Map<string, TaskFunction>([
  ['fuzz.called', async (...args: unknown[]) => { calls.push(args) }],
  ['fuzz.throwing', async (thrown: unknown) => { throw thrown }]
])

interface FuzzedJob {
  name: string
  data: unknown
  progress?: JobProgress | undefined
}

/** What JSON can say, and both servers can store. */
const value = fc.jsonValue({ stringUnit: 'binary' }).filter((value) => findLoss(value) === undefined)

function spoilt<T extends object> (object: T, keys: string[]) {
  return fc.tuple(fc.constantFrom(...keys), fc.option(value, { nil: undefined })).map(([key, other]) => ({ ...object, [key]: other }))
}

/** Jobs of this package but for some value in them, and others. */
const jobs: fc.Arbitrary<FuzzedJob> = (() => {
  const task = fc.record({ id: fc.uuid(), name: fc.constantFrom(...known.keys()), args: fc.array(value, { maxLength: 2 }), attempts: fc.integer({ min: 1, max: 3 }) })
  const tasks = fc.array(task, { minLength: 1, maxLength: 3 })
  const data = fc.record({ version: fc.constant(1), onError: fc.constantFrom('continue', 'stop'), reqId: fc.lorem(), backoff: fc.constant(1), tasks })
  const almost = data.chain((data) => fc.oneof(
    spoilt(data, ['version', 'onError', 'reqId', 'tasks']),
    spoilt(data.tasks[0]!, ['id', 'args', 'attempts', 'timeout']).map((task) => ({ ...data, tasks: [task, ...data.tasks.slice(1)] }))
  ))
  const progress = fc.record({ position: fc.nat(4), failures: fc.nat(4), starts: fc.nat(4), losses: fc.nat(2), ends: fc.nat(2), failed: fc.array(fc.tuple(fc.nat(4), fc.lorem()), { maxLength: 2 }), only: fc.option(fc.array(fc.nat(4)), { nil: undefined }) })
  const almostProgress = progress.chain((progress) => spoilt(progress, Object.keys(progress)))
  return fc.record({
    name: fc.oneof(fc.constantFrom('background-tasks', 'constructor', '__proto__'), fc.lorem()),
    data: fc.oneof(value, { weight: 4, arbitrary: data }, { weight: 4, arbitrary: almost }),
    progress: fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, progress, { weight: 2, arbitrary: almostProgress }, value.filter((value) => value !== null)) as fc.Arbitrary<JobProgress | undefined>
  })
})()

/** Whether a job's error says what is wrong with it, or which of its tasks have failed. */
function isClear (reason: string): boolean {
  return /^The job is malformed: ./.test(reason) || /^\d+ of \d+ background tasks failed: "/.test(reason)
}

testOnEach(t, 'whatever a job holds, it ends as completed or with an error that says why, and the worker goes on', async (t, server) => {
  const queue = await openTestQueue(t, server.url())
  const bull = openQueue(t, server, queue.name)
  const seed = Math.floor(Math.random() * 2 ** 31)
  t.comment(`seed ${seed}`)
  const fuzzed = fc.sample(jobs, { numRuns: 300, seed })
  await bull.pause()
  const added = await bull.addBulk(fuzzed.map(({ name, data }) => ({ name, data })))
  await Promise.all(added.map(async (job, i) => { if (fuzzed[i]?.progress !== undefined) await job.updateProgress(fuzzed[i].progress) }))
  await startTestWorker(t, server, queue.name, { known })
  await bull.resume()

  const counts = async (): Promise<number> => Object.values(await bull.getJobCounts('completed', 'failed')).reduce((a, b) => a + b, 0)
  while (await counts() < added.length) await new Promise((resolve) => setTimeout(resolve, 20))
  const failed = await bull.getFailed()
  for (const { failedReason, data, progress } of failed) assert.ok(isClear(failedReason), inspect({ failedReason, data, progress }, { depth: 5 }))
  t.ok(failed.length > 0 && failed.length < added.length)
})
