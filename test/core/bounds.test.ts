import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { BackgroundTask, BackgroundTasks, defineTask, taskContext, type CollectionOptions } from '../../lib/index.js'
import { createMeter } from '../helpers/meter.js'
import { deferred } from '../helpers/promise.js'

/** A function whose calls last until the test ends them, by number. */
function createGated (onlyAfter = Promise.resolve()) {
  const gates = new Map<number, ReturnType<typeof deferred<void>>>()
  const events: string[] = []
  const gated = async (n: number) => {
    events.push(`${n} starts`)
    await onlyAfter
    const gate = deferred()
    gates.set(n, gate)
    try {
      await gate.promise
      events.push(`${n} ends`)
    } catch (error) {
      events.push(`${n} fails`)
      throw error
    }
  }
  return {
    gated,
    events,
    end: (n: number) => { gates.get(n)!.resolve() },
    fail: (n: number) => { gates.get(n)!.reject(new Error(`no ${n}`)) }
  }
}

function group (func: (n: number) => unknown, count: number, options: CollectionOptions): BackgroundTasks {
  return new BackgroundTasks(Array.from({ length: count }, (_, n) => new BackgroundTask(func, n)), options)
}

t.test('a collection with "concurrency" runs that many tasks in parallel, started in order', async (t) => {
  const { gated, events, end } = createGated()
  const ended = group(gated, 5, { concurrency: 2 }).run()
  await sleep(5)
  t.same(events, ['0 starts', '1 starts'])
  end(1)
  await sleep(5)
  t.same(events.slice(2), ['1 ends', '2 starts'], 'whichever ends makes room for the next')
  end(0)
  end(2)
  await sleep(5)
  t.same(events.slice(4), ['0 ends', '2 ends', '3 starts', '4 starts'])
  end(3)
  end(4)
  await ended
})

t.test('with more "concurrency" than tasks all of them run in parallel', async (t) => {
  const { meter, work } = createMeter()
  await group(() => work(), 7, { concurrency: 100 }).run()
  t.same(meter, { now: 0, most: 7, calls: 7 })
})

t.test('the tasks of a parallel group are synchronous functions, too, and may add to it', async (t) => {
  const ran: string[] = []
  const tasks = new BackgroundTasks(null, { concurrency: 3 })
  tasks.addTask(() => {
    ran.push('first')
    tasks.addTask(async () => { ran.push('added') })
  })
  tasks.addTask(() => { ran.push('second') })
  await tasks()
  t.same(ran.sort(), ['added', 'first', 'second'])
})

t.test('what a task adds to a parallel group that has room starts at once', async (t) => {
  const { gated, events, end } = createGated()
  const tasks = new BackgroundTasks(null, { concurrency: 2 })
  tasks.addTask(gated, 1)
  const ended = tasks.run()
  await sleep(2)
  tasks.addTask(gated, 2)
  tasks.addTask(gated, 3)
  await sleep(2)
  t.same(events, ['1 starts', '2 starts'])
  end(1)
  end(2)
  await sleep(2)
  end(3)
  await ended
  t.same(events.slice(-2), ['3 starts', '3 ends'])
})

t.test('a parallel group with onError "continue" runs all, and rejects with all that was thrown', async (t) => {
  const { gated, events, end, fail } = createGated()
  const ended = group(gated, 4, { concurrency: 2 }).run()
  await sleep(2)
  fail(1)
  fail(0)
  await sleep(2)
  end(2)
  fail(3)
  await t.rejects(ended, { constructor: AggregateError, errors: [{ message: 'no 1' }, { message: 'no 0' }, { message: 'no 3' }] })
  t.equal(events.filter((event) => event.endsWith('starts')).length, 4)
})

t.test('a parallel group with onError "stop" begins nothing after the first failure, and rejects when those under way have ended', async (t) => {
  const { gated, events, end, fail } = createGated()
  const tasks = group(gated, 6, { concurrency: 3, onError: 'stop' })
  let outcome: unknown
  const ended = tasks.run().then(() => { outcome = 'no failure' }, (error: Error) => { outcome = error.message })
  await sleep(2)
  fail(1)
  await sleep(5)
  t.equal(outcome, undefined, 'two are under way')
  fail(0)
  end(2)
  await ended
  t.equal(outcome, 'no 1', 'the first failure')
  t.same(events, ['0 starts', '1 starts', '2 starts', '1 fails', '0 fails', '2 ends'])
})

t.test('a parallel group with onError "stop" retries nothing after the first failure', async (t) => {
  const events: string[] = []
  const attempts = deferred()
  const retried = defineTask(async () => {
    events.push(`attempt ${taskContext()!.attempt}`)
    if (taskContext()!.attempt === 1) {
      attempts.resolve()
      throw new Error('later')
    }
  }, { retries: 3 })
  const fails = async () => {
    await attempts.promise
    await sleep(2)
    throw new Error('first')
  }
  const tasks = new BackgroundTasks([new BackgroundTask(retried), new BackgroundTask(fails)], { concurrency: 2, onError: 'stop' })
  await t.rejects(tasks.run(), { message: 'first' })
  t.same(events, ['attempt 1'], 'the task that waits for its retry has failed')
})

t.test('a parallel group counts as one task of the collection that holds it', async (t) => {
  const { gated, events, end } = createGated()
  const tasks = new BackgroundTasks()
  tasks.addTask(async () => { events.push('before') })
  tasks.addTask(group(gated, 2, { concurrency: 2 }))
  tasks.addTask(async () => { events.push('after') })
  const ended = tasks.run()
  await sleep(5)
  t.same(events, ['before', '0 starts', '1 starts'])
  end(0)
  await sleep(5)
  t.notOk(events.includes('after'))
  end(1)
  await ended
  t.same(events.slice(3), ['0 ends', '1 ends', 'after'])
})

t.test('"concurrency" is a whole number from 1', async (t) => {
  for (const concurrency of [0, -1, 1.5, Infinity, '2', null]) {
    t.throws(() => new BackgroundTasks(null, { concurrency: concurrency as number }), { code: 'FST_BGT_INVALID_OPTION', message: /"concurrency"/ }, `${concurrency}`)
    t.throws(() => defineTask(async () => {}, { concurrency: concurrency as number }), { code: 'FST_BGT_INVALID_OPTION', message: /"concurrency"/ }, `${concurrency}`)
  }
})

t.test('no more calls of a function than its "concurrency" run in the process, whoever makes them', async (t) => {
  const { meter, work } = createMeter()
  const limited = defineTask(work, { concurrency: 3 })
  const all = group(() => {}, 0, { concurrency: 100 })
  for (let i = 0; i < 20; i++) all.addTask(limited)
  await Promise.all([all.run(), ...Array.from({ length: 20 }, () => new BackgroundTask(limited).run())])
  t.same(meter, { now: 0, most: 3, calls: 40 })
})

t.test('those that wait for their function are served in the order in which they came', async (t) => {
  const ran: number[] = []
  const limited = defineTask(async (n: number) => { await sleep(1); ran.push(n) }, { concurrency: 1 })
  await Promise.all(Array.from({ length: 10 }, (_, n) => new BackgroundTask(limited, n).run()))
  t.same(ran, Array.from({ length: 10 }, (_, n) => n))
})

t.test('a function that calls itself as a task does not wait for itself', async (t) => {
  const limited: (depth: number) => Promise<number> = defineTask(async (depth: number): Promise<number> => {
    if (depth === 0) return 0
    const nested = new BackgroundTasks([new BackgroundTask(limited, 0)])
    await nested()
    return 1 + await new BackgroundTask(limited, depth - 1)()
  }, { concurrency: 1 })
  t.equal(await new BackgroundTask(limited, 3)(), 3)
})

t.test('a call that has run past its timeout, or waits for its retry, makes room for another', async (t) => {
  const events: string[] = []
  const endless = deferred()
  t.teardown(() => { endless.resolve() })
  const limited = defineTask(async (name: string) => {
    events.push(`${name} ${taskContext()!.attempt}`)
    if (name === 'endless') await endless.promise
    if (name === 'retried' && taskContext()!.attempt === 1) throw new Error('no')
  }, { concurrency: 1, timeout: 30, retries: 1 })
  const outcomes = await Promise.allSettled(['retried', 'endless', 'third'].map((name) => new BackgroundTask(limited, name).run()))
  t.match(outcomes, [{ status: 'fulfilled' }, { status: 'rejected', reason: { code: 'FST_BGT_TIMEOUT' } }, { status: 'fulfilled' }])
  t.same(events.slice(0, 3), ['retried 1', 'endless 1', 'third 1'])
  t.same(events.slice(3).sort(), ['endless 2', 'retried 2'])
})

t.test('the timeout of a call that waits for its turn has not begun', async (t) => {
  const limited = defineTask(async () => { await sleep(40) }, { concurrency: 1, timeout: 100 })
  await Promise.all(Array.from({ length: 5 }, () => new BackgroundTask(limited).run()))
})

t.test('a function that is defined anew has its new "concurrency"', async (t) => {
  const { meter, work } = createMeter()
  const run = () => Promise.all(Array.from({ length: 6 }, () => new BackgroundTask(work, 2).run()))
  defineTask(work, { concurrency: 1 })
  await run()
  t.equal(meter.most, 1)
  defineTask(work, { concurrency: 4 })
  await run()
  t.equal(meter.most, 4)
  defineTask(work, {})
  await run()
  t.equal(meter.most, 6)
})
