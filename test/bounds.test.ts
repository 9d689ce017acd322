import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { BackgroundTask, BackgroundTasks, defineTask, taskContext } from '../lib/index.js'
import { block, noteAsync, noteThread, spin } from './fixtures/tasks/work.js'
import { createApp, listen } from './helpers/app.js'
import { Client } from './helpers/client.js'
import { createMeter } from './helpers/meter.js'
import { createGate, createNotes, notesIn } from './helpers/notes.js'
import { deferred } from './helpers/promise.js'
import { tasks } from './helpers/threads.js'

t.test('no more than "maxRunning" attempts run at once; the others are pending, and start in the order in which they came', async (t) => {
  const { app } = await createApp(t, { maxRunning: 2 })
  const gates = Array.from({ length: 5 }, () => deferred())
  const started: number[] = []
  for (const [n, gate] of gates.entries()) app.backgroundTasks.addTask(async () => { started.push(n); await gate.promise })
  await sleep(5)
  t.same(started, [0, 1])
  t.match(app.backgroundTasks, { pending: 3, running: 2 })
  gates[1]!.resolve()
  await sleep(5)
  t.same(started, [0, 1, 2])
  t.match(app.backgroundTasks, { pending: 2, running: 2 })
  for (const { resolve } of gates) resolve()
  await app.backgroundTasks.idle()
  t.same(started, [0, 1, 2, 3, 4])
  t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 5 })
})

t.test('a task that waits for a slot counts for "maxPending"', async (t) => {
  const { app } = await createApp(t, { maxRunning: 1, maxPending: 3 })
  const gate = deferred()
  for (let i = 0; i < 3; i++) app.backgroundTasks.addTask(() => gate.promise)
  await sleep(2)
  t.throws(() => { app.backgroundTasks.addTask(() => {}) }, { code: 'FST_BGT_QUEUE_FULL' })
  gate.resolve()
  await app.backgroundTasks.idle()
})

t.test('a task that waits for its function keeps nobody else waiting', async (t) => {
  const { app } = await createApp(t, { maxRunning: 2 })
  const gate = deferred()
  const ran: string[] = []
  const limited = defineTask(async () => { await gate.promise; ran.push('limited') }, { concurrency: 1 })
  for (let i = 0; i < 5; i++) app.backgroundTasks.addTask(limited)
  await sleep(2)
  t.match(app.backgroundTasks, { pending: 4, running: 1 })
  app.backgroundTasks.addTask(async () => { ran.push('other') })
  app.backgroundTasks.addTask(() => { ran.push('other') })
  await sleep(20)
  t.same(ran, ['other', 'other'])
  gate.resolve()
  await app.backgroundTasks.idle()
  t.equal(ran.length, 7)
})

t.test('with "maxRunning" 1 collections in collections, and tasks that tasks run by hand, wait for nobody for ever', async (t) => {
  const { app } = await createApp(t, { maxRunning: 1 })
  const { meter, work } = createMeter()
  const limited = defineTask(async () => { await work(1) }, { concurrency: 1 })
  const byHand = async () => {
    await new BackgroundTask(limited)()
    const nested = new BackgroundTasks([new BackgroundTask(limited)], { concurrency: 2 })
    nested.addTask(limited)
    nested.addTask(new BackgroundTasks([new BackgroundTask(limited)]))
    await nested()
  }
  app.get('/', async (request) => {
    const inner = new BackgroundTasks([new BackgroundTask(work, 1), new BackgroundTask(byHand), new BackgroundTask(limited)], { concurrency: 3 })
    const outer = new BackgroundTasks([inner, new BackgroundTask(work, 1)])
    request.backgroundTasks.addTask(outer)
    request.backgroundTasks.addTask(limited)
    request.backgroundTasks.addTask(() => { app.backgroundTasks.addTask(limited) })
    return 'ok'
  })
  await Promise.all([app.inject('/'), app.inject('/')])
  await app.backgroundTasks.idle()
  t.equal(app.backgroundTasks.failed, 0)
  t.equal(meter.calls, 2 * (2 + 4 + 1 + 1 + 1))
})

t.test('each task of a collection takes a slot, the collection none', async (t) => {
  const { app } = await createApp(t, { maxRunning: 3 })
  const { meter, work } = createMeter()
  for (let i = 0; i < 4; i++) {
    const group = new BackgroundTasks(Array.from({ length: 5 }, () => new BackgroundTask(work, 2)), { concurrency: 5 })
    app.backgroundTasks.addTask(new BackgroundTasks([group]))
  }
  await app.backgroundTasks.idle()
  t.same(meter, { now: 0, most: 3, calls: 20 })
})

t.test('with "maxRunning" 1 a task may await run() of a collection that is not its own, whatever that holds, and wherever it is called', async (t) => {
  const limited = defineTask(async (work: () => Promise<void>) => { await work() }, { concurrency: 1 })
  const ways: Record<string, (run: () => Promise<void>) => Promise<void>> = {
    'by the task itself': (run) => run(),
    'by a task that it runs by hand': (run) => new BackgroundTask(() => run())(),
    'in a collection that it runs by hand': (run) => new BackgroundTasks([new BackgroundTask(() => run())])(),
    'several times': async (run) => { await Promise.all([run(), run()]) },
    'by its function\'s only call': (run) => new BackgroundTask(limited, () => run())()
  }
  for (const awaitsResponse of [false, true]) {
    for (const [way, call] of Object.entries(ways)) {
      const { app, log } = await createApp(t, { maxRunning: 1, awaitTasks: false, closeTimeout: 2_000 })
      const { meter, work } = createMeter()
      const responded = deferred()
      app.get('/', async (request) => {
        request.backgroundTasks.addTask(work)
        request.backgroundTasks.addTask(new BackgroundTasks([new BackgroundTask(work), new BackgroundTask(limited, work)], { concurrency: 2 }))
        const started = deferred()
        app.backgroundTasks.addTask(async () => {
          started.resolve()
          if (awaitsResponse) await responded.promise
          await call(() => request.backgroundTasks.run())
          await work()
        })
        for (let i = 0; i < 3; i++) app.backgroundTasks.addTask(work)
        await started.promise
        return 'ok'
      })
      await app.inject('/')
      responded.resolve()
      await app.backgroundTasks.idle()
      t.same(meter, { now: 0, most: way.includes('hand') ? meter.most : 1, calls: 7 }, `${way}, ${awaitsResponse ? 'after' : 'before'} the response`)
      t.same(log.errors, [])
    }
  }
})

t.test('a function with "concurrency" 1 may await the pass of a collection that holds calls of it', async (t) => {
  const { app, log } = await createApp(t, { closeTimeout: 2_000 })
  const { meter, work } = createMeter()
  const limited = defineTask(async (run: () => Promise<void>) => { await run() }, { concurrency: 1 })
  const shared = new BackgroundTasks([new BackgroundTask(limited, work)])
  app.backgroundTasks.addTask(limited, async () => {
    await new Promise(setImmediate)
    await shared.run()
    await work()
  })
  await new Promise(setImmediate)
  app.backgroundTasks.addTask(shared)
  await app.backgroundTasks.idle()
  t.same(meter, { now: 0, most: 1, calls: 2 })
  t.same(log.errors, [])
})

t.test('a task that has awaited run() goes on when it is its turn again, behind those that came before', async (t) => {
  const { app } = await createApp(t, { maxRunning: 1 })
  const started = deferred()
  const [ofRequest, next] = [deferred(), deferred()]
  const events: string[] = []
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(async () => {
      events.push('of the request')
      started.resolve()
      await ofRequest.promise
    })
    app.backgroundTasks.addTask(async () => {
      await request.backgroundTasks.run()
      events.push('goes on')
    })
    await started.promise
    app.backgroundTasks.addTask(async () => {
      events.push('next starts')
      await next.promise
      events.push('next ends')
    })
    ofRequest.resolve()
    return 'ok'
  })
  await app.inject('/')
  while (!events.includes('next starts')) await new Promise(setImmediate)
  for (let i = 0; i < 5; i++) await new Promise(setImmediate)
  next.resolve()
  await app.backgroundTasks.idle()
  t.same(events, ['of the request', 'next starts', 'next ends', 'goes on'])
})

t.test('a task whose timeout passes while it awaits run() leaves one slot, neither none nor two', async (t) => {
  const { app, log } = await createApp(t, { maxRunning: 1, awaitTasks: false, closeTimeout: 2_000 })
  const { meter, work } = createMeter()
  const gate = deferred()
  const waiter = defineTask(async (run: () => Promise<void>) => { await run() }, { timeout: 20 })
  const given = deferred()
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(() => gate.promise)
    app.backgroundTasks.addTask(waiter, () => request.backgroundTasks.run().finally(() => { given.resolve() }))
    return 'ok'
  })
  await app.inject('/')
  while (log.failed.length === 0) await sleep(1)
  for (let i = 0; i < 3; i++) app.backgroundTasks.addTask(work)
  await sleep(10)
  t.equal(meter.calls, 0, 'the task of the request has the slot')
  gate.resolve()
  await Promise.all([given.promise, app.backgroundTasks.idle()])
  app.backgroundTasks.addTask(work)
  await app.backgroundTasks.idle()
  t.same(meter, { now: 0, most: 1, calls: 4 })
  t.match(log.failed, [{ err: { code: 'FST_BGT_TIMEOUT' } }])
})

t.test('what a task leaves behind when it has ended takes slots like any other', async (t) => {
  const { app } = await createApp(t, { maxRunning: 1 })
  const { meter, work } = createMeter()
  const left: Array<Promise<void>> = []
  for (let i = 0; i < 4; i++) {
    app.backgroundTasks.addTask(async () => {
      left.push(sleep(5).then(async () => { await new BackgroundTask(work, 5)() }))
      left.push(sleep(5).then(async () => { await new BackgroundTasks([new BackgroundTask(work, 5)])() }))
    })
  }
  await app.backgroundTasks.idle()
  await Promise.all(left)
  t.same(meter, { now: 0, most: 1, calls: 8 })
})

t.test('a task that cleans up by hand when its timeout has passed can do so, in a slot of its own', async (t) => {
  const { app } = await createApp(t, { maxRunning: 1, timeout: 20 })
  const ended = deferred<string>()
  app.backgroundTasks.addTask(async () => {
    await sleep(40)
    await new BackgroundTask(async () => {})().then(() => { ended.resolve('cleaned up') }, (error: Error) => { ended.resolve(error.message) })
  })
  t.equal(await ended.promise, 'cleaned up')
  await app.backgroundTasks.idle()
})

t.test('a slot is given back at the timeout and while a task waits for its retry, which lines up at the end', async (t) => {
  const { app, log } = await createApp(t, { maxRunning: 1, timeout: 20, retries: 1, backoff: 1 })
  const started: string[] = []
  const gate = deferred()
  t.teardown(() => { gate.resolve() })
  const add = (name: string, func: () => Promise<void>) => {
    app.backgroundTasks.addTask(async () => {
      started.push(`${name} ${taskContext()!.attempt}`)
      await func()
    })
  }
  add('a', async () => { if (taskContext()!.attempt === 1) throw new Error('no') })
  add('b', () => gate.promise)
  add('c', async () => { await sleep(10) })
  add('d', async () => {})
  await app.backgroundTasks.idle()
  t.same(started, ['a 1', 'b 1', 'c 1', 'd 1', 'a 2', 'b 2'])
  t.match(log.failed, [{ err: { code: 'FST_BGT_TIMEOUT' } }])
  t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 3, failed: 1 })
})

t.test('the timeout of a task that waits for a slot has not begun', async (t) => {
  const { app } = await createApp(t, { maxRunning: 1, timeout: 150 })
  for (let i = 0; i < 5; i++) app.backgroundTasks.addTask(async () => { await sleep(40) })
  await app.backgroundTasks.idle()
  t.match(app.backgroundTasks, { completed: 5, failed: 0 })
})

t.test('"backoff" is how long the first retry waits; the second waits twice as long', async (t) => {
  for (const [backoff, least, most] of [[1, 3, 290], [50, 150, 5_000]] as const) {
    const { app } = await createApp(t, { backoff, retries: 2 })
    const start = performance.now()
    app.backgroundTasks.addTask(async () => { throw new Error('no') })
    await app.backgroundTasks.idle()
    const waited = performance.now() - start
    t.ok(waited >= least - 1 && waited < most, `${backoff} ms: ${waited}`)
  }
})

t.test('without a wait ("backoff" 0) a retry comes at once', async (t) => {
  const { app, log } = await createApp(t, { backoff: 0, retries: 20 })
  app.backgroundTasks.addTask(async () => { throw new Error('no') })
  const start = performance.now()
  await app.backgroundTasks.idle()
  t.equal(log.retried.length, 20)
  t.ok(performance.now() - start < 5_000)
})

t.test('tasks that wait for a slot when closeTimeout has passed are unfinished, and never begin', async (t) => {
  for (const where of ['in the app', 'in a request', 'in a collection', 'in a parallel group', 'for their function']) {
    const told: unknown[] = []
    const { app, log } = await createApp(t, { maxRunning: 1, closeTimeout: 60, onTaskError: (error) => { told.push((error as { code: string }).code) } })
    const gate = deferred()
    const ran: string[] = []
    const waits = defineTask(async () => { ran.push('waits') }, where === 'for their function' ? { concurrency: 1 } : {})
    app.get('/', async (request) => {
      request.backgroundTasks.addTask(waits)
      return 'ok'
    })
    await app.ready()
    if (where === 'for their function') {
      const holder = defineTask(async () => { await gate.promise }, { concurrency: 1 })
      app.backgroundTasks.addTask(holder)
      app.backgroundTasks.addTask(holder)
    } else app.backgroundTasks.addTask(async () => { await gate.promise })
    if (where === 'in a request') {
      app.inject('/').catch(() => {})
      await sleep(10)
    } else if (where === 'in a collection') app.backgroundTasks.addTask(new BackgroundTasks([new BackgroundTask(waits), new BackgroundTask(waits)]))
    else if (where === 'in a parallel group') app.backgroundTasks.addTask(new BackgroundTasks([new BackgroundTask(waits), new BackgroundTask(waits)], { concurrency: 2 }))
    else if (where === 'in the app') app.backgroundTasks.addTask(waits)
    await sleep(2)
    await app.close()

    t.same(told, ['FST_BGT_UNFINISHED', 'FST_BGT_UNFINISHED'], where)
    t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 0, failed: 2 }, where)
    t.match(log.unfinished[0], { state: 'running' })
    if (where !== 'in a collection' && where !== 'in a parallel group') t.match(log.unfinished[1], { state: 'waiting' }, where)
    gate.resolve()
    await sleep(20)
    t.same(ran, [], `${where}: a slot that becomes free is too late`)
    t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 0, failed: 2 }, where)
  }
})

t.test('a task that was given up when its app closed keeps the slot of its function from no other app', async (t) => {
  const endless = deferred()
  t.teardown(() => { endless.resolve() })
  const ran: string[] = []
  const limited = defineTask(async (name: string) => { if (name === 'endless') await endless.promise; else ran.push(name) }, { concurrency: 1 })
  const { app } = await createApp(t, { closeTimeout: 20 })
  app.backgroundTasks.addTask(limited, 'endless')
  await sleep(2)
  await app.close()
  const { app: second } = await createApp(t)
  second.backgroundTasks.addTask(limited, 'second')
  await Promise.race([second.backgroundTasks.idle(), sleep(500)])
  t.same(ran, ['second'])
})

t.test('what waits for a slot in a parallel group with onError "stop" does not begin after the first failure', async (t) => {
  const { app, log } = await createApp(t, { maxRunning: 1 })
  const ran: number[] = []
  const group = new BackgroundTasks(null, { concurrency: 3, onError: 'stop' })
  for (let n = 0; n < 5; n++) group.addTask(async (n: number) => { ran.push(n); await sleep(2); if (n === 0) throw new Error('first') }, n)
  app.backgroundTasks.addTask(group)
  app.backgroundTasks.addTask(async () => { ran.push(100) })
  await app.backgroundTasks.idle()
  t.same(ran.sort(), [0, 100])
  t.match(log.failed, [{ task: 'BackgroundTasks', err: { message: 'first' } }])
  t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 1, failed: 1 })
})

t.test('a response that discards its tasks takes back what waits for its turn', async (t) => {
  const { app } = await createApp(t, { maxRunning: 1, runOn: 'success' })
  const gate = deferred()
  const ran: string[] = []
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(async () => { ran.push('task') })
    throw new Error('no')
  })
  app.backgroundTasks.addTask(() => gate.promise)
  await app.inject('/')
  gate.resolve()
  await app.backgroundTasks.idle()
  t.same(ran, [])
})

t.test('in threads "maxRunning" and "concurrency" hold as well', async (t) => {
  const { app, log } = await createApp(t, { tasks, threads: { max: 4 }, maxRunning: 2 })
  const notes = createNotes()
  for (let i = 1; i <= 8; i++) app.backgroundTasks.addTask(spin, notes, i, 5)
  await app.backgroundTasks.idle()
  let now = 0
  let most = 0
  for (const id of notesIn(notes)) most = Math.max(most, now += Math.sign(id))
  t.ok(most <= 2, `${most}`)
  t.equal(notesIn(notes).length, 16)

  t.same(log.errors, [])
})

t.test('functions with "concurrency" run in threads one by one, also next to each other in a collection', async (t) => {
  defineTask(spin, { concurrency: 1 })
  t.teardown(() => { defineTask(spin, {}) })
  const { app, log } = await createApp(t, { tasks, threads: { max: 3 } })
  const notes = createNotes()
  app.get('/', async (request) => {
    for (let i = 1; i <= 4; i++) request.backgroundTasks.addTask(spin, notes, i, 2)
    return 'ok'
  })
  await Promise.all([app.inject('/'), app.inject('/'), app.inject('/')])
  await app.backgroundTasks.idle()
  const all = notesIn(notes)
  t.equal(all.length, 24)
  t.ok(all.every((id, i) => i % 2 === 0 ? id > 0 && all[i + 1] === -id : true), 'each ends before the next begins')
  t.same(log.errors, [])
})

t.test('a function with "concurrency" travels to a thread alone: its neighbors neither hold its slot nor go around it', async (t) => {
  defineTask(spin, { concurrency: 1 })
  t.teardown(() => { defineTask(spin, {}) })
  const { app } = await createApp(t, { tasks, threads: { max: 2 } })
  const { gate, reached, open } = createGate()
  const notes = createNotes()
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(noteThread, createNotes())
    request.backgroundTasks.addTask(spin, notes, 1, 30)
    request.backgroundTasks.addTask(block, gate)
    return 'ok'
  })
  app.backgroundTasks.addTask(spin, notes, 2, 30)
  await app.inject('/')
  await reached()
  app.backgroundTasks.addTask(spin, notes, 3, 1)
  const start = performance.now()
  while (!notesIn(notes).includes(-3)) await sleep(1)
  t.ok(performance.now() - start < 10_000, 'before the neighbor that blocks gives up')
  open()
  await app.backgroundTasks.idle()
  t.same(notesIn(notes), [2, -2, 1, -1, 3, -3])
})

t.test('the tasks of a parallel group run in several threads', async (t) => {
  const { app } = await createApp(t, { tasks, threads: { max: 2 } })
  const gates = [createGate(), createGate()]
  app.backgroundTasks.addTask(new BackgroundTasks(gates.map(({ gate }) => new BackgroundTask(block, gate)), { concurrency: 2 }))
  const start = performance.now()
  for (const { reached } of gates) await reached()
  t.ok(performance.now() - start < 10_000, 'before one that blocks gives up')
  for (const { open } of gates) open()
  await app.backgroundTasks.idle()
})

t.test('neighbors that travel to a thread together wait for a slot, and leave the line if their app closes', async (t) => {
  const { app, log } = await createApp(t, { tasks, threads: { max: 2 }, maxRunning: 1, closeTimeout: 100 })
  const gate = deferred()
  const notes = createNotes()
  app.get('/', async (request) => {
    for (let i = 1; i <= 3; i++) request.backgroundTasks.addTask(spin, notes, i, 1)
    return 'ok'
  })
  app.inject('/').catch(() => {})
  app.backgroundTasks.addTask(async () => { await gate.promise })
  app.inject('/').catch(() => {})
  await sleep(100)
  t.same(notesIn(notes), [])
  await app.close()
  gate.resolve()
  await sleep(20)
  t.same(notesIn(notes), [])
  t.same(log.unfinished.map(({ state }) => state), ['running', ...Array(6).fill('waiting')])
  t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 0, failed: 7 })
})

t.test('neighbors that travel to a thread together count as one attempt', async (t) => {
  const { app } = await createApp(t, { tasks, threads: { max: 1 }, maxRunning: 1 })
  const { gate, reached, open } = createGate()
  const notes = createNotes()
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(block, gate)
    for (let i = 0; i < 10; i++) request.backgroundTasks.addTask(noteThread, notes)
    request.backgroundTasks.addTask(noteAsync, notes, 7)
    return 'ok'
  })
  await app.inject('/')
  await reached()
  while (app.backgroundTasks.running === 0) await sleep(1) // the main thread looks from time to time
  t.match(app.backgroundTasks, { pending: 11, running: 1 })
  open()
  await app.backgroundTasks.idle()
  t.equal(notesIn(notes).length, 11)
  t.equal(notesIn(notes).at(-1), 7)
  t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 12, failed: 0 })
})

t.test('2,000 requests of three tasks with "maxRunning" 10, a third of whose clients leave: each task once, in order, never more than 10 at once', async (t) => {
  const { app } = await createApp(t, { maxRunning: 10, awaitTasks: false }, { logger: false })
  const ran: number[][] = Array.from({ length: 2_000 }, () => [])
  const settled = new Set<number>()
  let now = 0
  let most = 0
  const work = async (request: number, n: number) => {
    most = Math.max(most, ++now)
    ran[request]!.push(n)
    await sleep(n)
    now--
  }
  app.get<{ Params: { id: string } }>('/:id', async (request) => {
    const id = Number(request.params.id)
    for (let n = 0; n < 3; n++) request.backgroundTasks.addTask(work, id, n)
    await sleep(id % 7)
    settled.add(id)
    return 'ok'
  })
  const port = await listen(app)
  const send = async (id: number) => {
    const client = await Client.connect(port)
    client.send('GET', `/${id}`, { connection: 'close' })
    if (id % 3 === 0) {
      await sleep(id % 11)
      client.hangUp()
    } else {
      await client.until('ok')
      client.hangUp()
    }
    if (!client.socket.closed) await once(client.socket, 'close')
  }
  for (let id = 0; id < 2_000; id += 50) await Promise.all(Array.from({ length: 50 }, (_, i) => send(id + i)))
  await sleep(30)
  await app.backgroundTasks.idle()

  t.equal(most, 10)
  // A client that has left before the server has read its request has made none.
  const wrong = ran.filter((order, id) => String(order) !== (settled.has(id) ? '0,1,2' : ''))
  t.same(wrong, [])
  t.ok(settled.size > 1_400, `${settled.size}`)
  t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 3 * settled.size, failed: 0 })
})
