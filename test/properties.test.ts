import fc from 'fast-check'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { strict as assert } from 'node:assert'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import backgroundTasks from '../lib/index.js'
import { createApp, createBareApp, listen } from './helpers/app.js'
import { createNotes, notesIn } from './helpers/notes.js'
import { asThrown, createCollection, expectedOf, numbered, onErrors, planTasks, taskPlans, thrownByAll, type Expected } from './helpers/plan.js'
import { requestPlans, Trial } from './helpers/trial.js'

/** Tries a property; one that does not hold fails the test, with the seed and path that make it fail again. */
async function holds (t: Test, property: fc.IAsyncProperty<any>, numRuns: number): Promise<void> {
  await fc.assert(property, { numRuns, timeout: 30_000, interruptAfterTimeLimit: 90_000 })
  t.pass(`held ${numRuns} times`)
}

const requests = fc.array(requestPlans, { minLength: 1, maxLength: 4 })

t.test('whatever requests do, and however they end, their tasks run once, in order, after the response', async (t) => {
  const { app, log } = await createApp(t, { tasks: planTasks, threads: { max: 2 }, onTaskError: (error, _task, request) => { Trial.tell(error, request) } })
  Trial.addRoutes(app)
  const port = await listen(app)

  await holds(t, fc.asyncProperty(requests, async (plans) => {
    const { completed, failed } = app.backgroundTasks
    log.lines.length = 0
    const trials = plans.map((plan) => new Trial(plan))
    await Promise.all(trials.map(async (trial) => { await trial.run(app, port) }))
    await app.backgroundTasks.idle()

    for (const trial of trials) trial.check(log)
    assertCounts(app, trials.map(({ expected }) => expected), { completed, failed })
  }), 60)
})

for (const threads of [false, { max: 1 }] as const) {
  t.test(`whenever an app closes, the tasks of its requests end before its other plugins close (${threads ? 'with' : 'without'} threads)`, async (t) => {
    await holds(t, fc.asyncProperty(requests, fc.array(taskPlans, { maxLength: 2 }), fc.nat(20), async (plans, appPlans, closesAfter) => {
      const { app, log } = createBareApp(t)
      const trials = plans.map((plan) => new Trial(plan))
      const collections = appPlans.map((plans) => ({ kind: 'collection', onError: 'continue', tasks: numbered(plans) }) as const)
      const notes = collections.map(() => createNotes(2_000))
      // Looks when a plugin that was registered before, and one that was registered after, closes.
      const look = () => [...trials.map(({ ran }) => ran), ...notes.map(notesIn)]
      const seen: number[][][] = []
      const pool = () => fastifyPlugin(async (app: FastifyInstance) => { app.addHook('onClose', async () => { seen.push(look()) }) })
      await app.register(pool())
      await app.register(backgroundTasks, { tasks: planTasks, threads, closeTimeout: 30_000, onTaskError: (error, _task, request) => { Trial.tell(error, request) } })
      await app.register(pool())
      Trial.addRoutes(app)
      const port = await listen(app)
      const tried = trials.map((trial) => trial.run(app, port).catch((error: unknown) => { if (trial.hasBegun) throw error }))
      collections.forEach((plan, i) => { app.backgroundTasks.addTask(createCollection(plan, notes[i] as Int32Array)) })
      await sleep(closesAfter)
      await app.close()
      await Promise.all(tried)

      const begun = trials.filter(({ hasBegun }) => hasBegun)
      for (const trial of begun) trial.check(log)
      const ends = collections.map(({ tasks }) => expectedOf(tasks, 'continue'))
      assert.deepEqual(notes.map(notesIn), ends.map(({ notes }) => notes))
      assert.deepEqual(seen, [look(), look()], 'nothing runs when others have closed')
      assertCounts(app, [...begun.map(({ expected }) => expected), ...ends.map(asOne)])
    }), threads ? 2 : 30)
  })
}

t.test('a collection rejects with what its tasks threw, or with the first of it, and runs each of them once', async (t) => {
  await holds(t, fc.asyncProperty(onErrors, taskPlans, async (onError, plans) => {
    const tasks = numbered(plans)
    const notes = createNotes(2_000)
    const thrown = await createCollection({ kind: 'collection', onError, tasks }, notes)().then(() => undefined, asThrown)

    const expected = expectedOf(tasks, onError)
    assert.deepEqual(notesIn(notes), expected.notes)
    assert.deepEqual(thrown, thrownByAll(expected.failures.map(({ thrown }) => thrown)))
  }), 30)
})

/** To an app a collection is one task. */
function asOne ({ notes, failures }: Expected): Expected {
  return { notes, completed: failures.length > 0 ? 0 : 1, failures: failures.slice(0, 1) }
}

/** An app's counts tell of all that has run, and of nothing else. */
function assertCounts ({ backgroundTasks: { pending, running, completed, failed } }: FastifyInstance, ends: Expected[], before = { completed: 0, failed: 0 }): void {
  const sum = (counts: number[]) => counts.reduce((a, b) => a + b, 0)
  assert.deepEqual({ pending, running, completed, failed }, {
    pending: 0,
    running: 0,
    completed: before.completed + sum(ends.map(({ completed }) => completed)),
    failed: before.failed + sum(ends.map(({ failures }) => failures.length))
  })
}
