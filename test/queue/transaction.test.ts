import type { FastifyRequest } from 'fastify'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { test, type Test } from 'tap'
import { BackgroundTask, BackgroundTasks, type TransactionClient } from '../../lib/index.js'
import { createApp } from '../helpers/app.js'
import { createQueueApp, openQueue, queueTasks, testOnOne, testOnPostgres, type QueueServer } from '../helpers/queue.js'
import { openTestQueue, startTestWorker, work } from './harness.js'

/** A client of the application's own, until the test ends. */
async function connect (t: Test, server: QueueServer, database = 'test'): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: server.url().replace(/test$/, database) })
  await client.connect()
  t.teardown(() => client.end())
  return client
}

/** What a handler does, in a route of its own. */
type Handle = (request: FastifyRequest) => Promise<unknown>

/** An app whose route does what the test says, with the queue as BullMQ has it. */
async function createOrders (t: Test, server: QueueServer, options: Parameters<typeof createQueueApp>[2] = {}) {
  const made = await createQueueApp(t, server, options)
  let handle: Handle = async () => {}
  made.app.get('/', async (request) => await handle(request) ?? 'ok')
  const get = async (next: Handle) => {
    handle = next
    const response = await made.app.inject('/')
    await made.app.backgroundTasks.idle()
    return response
  }
  return { ...made, get, client: await connect(t, server) }
}

/** The arguments of the tasks of the jobs that wait. */
async function waiting (queue: ReturnType<typeof openQueue>): Promise<unknown[][]> {
  const jobs = await queue.getJobs('waiting', 0, -1, true)
  return jobs.map(({ data }) => data.tasks.map(({ args }: { args: unknown[] }) => args[1]))
}

test('storing in a transaction', async (t: Test) => {
  t.jobs = 2

  await testOnPostgres(t, 'workers have the tasks with the commit, and what is added later is stored as usual', async (t, server) => {
    const { app, queue, notes, get, client, log } = await createOrders(t, server)
    const other = await connect(t, server)
    const { statusCode } = await get(async (request) => {
      await client.query('BEGIN')
      request.backgroundTasks.addTask(work.note, notes.file, 1)
      request.backgroundTasks.addTask(work.here, notes.file)
      request.backgroundTasks.addTask(work.note, notes.file, 2)
      await request.backgroundTasks.storeIn(client)
      t.same(request.backgroundTasks.tasks.map(({ name }) => name), ['work.here'])
      t.same((await other.query('SELECT 1 FROM bullmq.job WHERE queue = $1', [queue.name])).rows, [], 'before the commit it is not there')
      request.backgroundTasks.addTask(work.note, notes.file, 3)
      await client.query('COMMIT')
      t.same(await waiting(queue), [[1, 2]])
    })
    t.equal(statusCode, 200)
    t.same(await waiting(queue), [[1, 2], [3]])
    t.same(notes.lines, [['here', process.pid]])
    t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 4, failed: 0 })
    t.equal(log.with('background task "work.note" stored on the queue').length, 3)
    t.same(log.lines.filter(({ level }) => level >= 40), [])
  })

  await testOnPostgres(t, 'with a rollback the tasks never existed', async (t, server) => {
    for (const enqueue of ['afterResponse', 'beforeResponse'] as const) {
      const { app, queue, notes, get, client } = await createOrders(t, server, { queue: { enqueue } })
      await get(async ({ backgroundTasks }) => {
        await client.query('BEGIN')
        backgroundTasks.addTask(work.note, notes.file, 1)
        await backgroundTasks.storeIn(client)
        await client.query('ROLLBACK')
      })
      t.same(await waiting(queue), [])
      t.match(app.backgroundTasks, { pending: 0, completed: 1 })
    }
  })

  await testOnPostgres(t, 'a savepoint that is rolled back takes its tasks along, and no others', async (t, server) => {
    const { queue, notes, get, client, log } = await createOrders(t, server)
    await get(async ({ backgroundTasks }) => {
      await client.query('BEGIN')
      backgroundTasks.addTask(work.note, notes.file, 'kept')
      await backgroundTasks.storeIn(client)
      await client.query('SAVEPOINT a')
      backgroundTasks.addTask(work.note, notes.file, 'gone')
      await backgroundTasks.storeIn(client)
      await client.query('ROLLBACK TO SAVEPOINT a')
      await client.query('COMMIT')
    })
    t.same(await waiting(queue), [['kept']])
    t.same(log.with('storeIn'), [])
  })

  for (const level of ['REPEATABLE READ', 'SERIALIZABLE']) {
    await testOnPostgres(t, `transactions that are ${level} do not disturb each other`, async (t, server) => {
      const { queue, notes, app, log } = await createOrders(t, server)
      const clients = await Promise.all([1, 2, 3].map(async () => await connect(t, server)))
      app.get('/:i', async ({ backgroundTasks, params }) => {
        const { i } = params as { i: string }
        const client = clients[Number(i)] as pg.Client
        await client.query(`BEGIN ISOLATION LEVEL ${level}`)
        backgroundTasks.addTask(work.note, notes.file, i)
        await backgroundTasks.storeIn(client)
        await sleep(50)
        await client.query('COMMIT')
      })
      const codes = await Promise.all([0, 1, 2].map(async (i) => (await app.inject(`/${i}`)).statusCode))
      t.same(codes, [200, 200, 200])
      t.same((await waiting(queue)).flat().sort(), ['0', '1', '2'])
      t.same(log.errors, [])
    })
  }

  await testOnPostgres(t, 'a worker that listens begins within a moment of the commit', async (t, server) => {
    const { name, notes, get, client } = await createOrders(t, server)
    const { outcomes } = await startTestWorker(t, server, name)
    await sleep(300) // it has found nothing, and listens
    let start = 0
    await get(async ({ backgroundTasks }) => {
      await client.query('BEGIN')
      backgroundTasks.addTask(work.note, notes.file, 1)
      await backgroundTasks.storeIn(client)
      await sleep(200)
      t.same(notes.lines, [])
      start = performance.now()
      await client.query('COMMIT')
    })
    await outcomes.until(1)
    t.ok(performance.now() - start < 3_000)
    t.same(notes.lines, [1])
  })

  await testOnPostgres(t, 'the job is the one that would be stored after the response', async (t, server) => {
    const queue = await openTestQueue(t, server.url())
    openQueue(t, server, queue.name)
    const client = await connect(t, server)
    const tasks: Parameters<typeof queue.collect>[0] = [[work.note, 'file', { b: [1, 'ü'] }], [work.once, 'file']]
    const collection = queue.collect(tasks, 'stop', { id: 'req-7' })
    await client.query('BEGIN')
    await collection.storeIn(client)
    await client.query('COMMIT')
    await queue.drain(tasks, 'stop', { id: 'req-7' })
    const { rows } = await client.query('SELECT * FROM bullmq.job WHERE queue = $1 ORDER BY seq', [queue.name])
    const [one, other] = rows.map(({ id, seq, added_at_ms: addedAt, opts: { jobId, timestamp, ...opts }, data: { tasks, ...data }, ...row }) => ({
      ...row, opts, data, hasOwnId: jobId === id, tasks: tasks.map(({ id, ...task }: { id: string }) => task), isNow: Math.abs(Date.now() - Number(addedAt)) < 10_000
    }))
    t.equal(rows.length, 2)
    t.same(one, other)
    t.same([one?.isNow, one?.hasOwnId], [true, true])
  })

  await testOnPostgres(t, 'a task that names another queue is stored there, in the same transaction', async (t, server) => {
    const { app, queue, notes, get, client } = await createOrders(t, server)
    const heavy = openQueue(t, server, `heavy-${process.pid}`)
    const heavyOnes = async (): Promise<unknown[]> => (await heavy.getJobs('waiting')).filter(({ data }) => data.tasks[0].args[0] === notes.file)
    for (const end of ['ROLLBACK', 'COMMIT']) {
      await get(async ({ backgroundTasks }) => {
        await client.query('BEGIN')
        backgroundTasks.addTask(work.note, notes.file, 1)
        backgroundTasks.addTask(work.heavy, notes.file, 2)
        await backgroundTasks.storeIn(client)
        await client.query(end)
      })
      t.equal((await waiting(queue)).length, end === 'COMMIT' ? 1 : 0)
      t.equal((await heavyOnes()).length, end === 'COMMIT' ? 1 : 0)
    }
    await client.query('BEGIN')
    await app.backgroundTasks.storeIn(client, new BackgroundTasks([new BackgroundTask(work.note, notes.file, 3), new BackgroundTask(work.heavy, notes.file, 4)]))
    await client.query('COMMIT')
    t.same(await waiting(queue), [[1], [3]])
    t.equal((await heavyOnes()).length, 2)
  })

  await testOnPostgres(t, 'the client of another library is reached through a function', async (t, server) => {
    const { queue, notes, get, client, log } = await createOrders(t, server)
    const seen: unknown[][] = []
    const query: TransactionClient['query'] = async (sql, params) => {
      seen.push(params)
      t.same(sql.match(/\$\d+/g) ?? [], params.map((_, i) => `$${i + 1}`), 'each parameter once, in order')
      return { rows: (await client.query(sql, params)).rows }
    }
    await get(async ({ backgroundTasks }) => {
      await client.query('BEGIN')
      backgroundTasks.addTask(work.note, notes.file, 1)
      await backgroundTasks.storeIn({ query })
      await backgroundTasks.storeIn({ query })
      await client.query('COMMIT')
    })
    t.same(await waiting(queue), [[1]])
    t.equal(seen.length, 2, 'the second call found nothing to store')
    t.ok(seen.flat().every((param) => typeof param === 'string'))
    t.same(log.lines.filter(({ level }) => level >= 40), [])
  })

  await testOnPostgres(t, 'a client without an open transaction stores at once, with a warning', async (t, server) => {
    const { queue, notes, get, client, log } = await createOrders(t, server)
    const pool = new pg.Pool({ connectionString: server.url() })
    t.teardown(() => pool.end())
    await get(async ({ backgroundTasks }) => {
      for (const one of [client, { query: async (sql: string, params: any[]) => await client.query(sql, params) }, pool]) {
        backgroundTasks.addTask(work.note, notes.file, 1)
        await backgroundTasks.storeIn(one)
      }
    })
    t.equal((await waiting(queue)).length, 3)
    const warnings = log.lines.filter(({ level }) => level >= 40)
    t.equal(warnings.length, 3)
    t.match(warnings[0], { level: 40, msg: /no open transaction.*between BEGIN and COMMIT/ })
  })

  await testOnPostgres(t, 'what cannot store in a transaction is refused by name, and the tasks are stored as usual', async (t, server) => {
    const { queue, notes, get, client } = await createOrders(t, server)
    const elsewhere = await connect(t, server, 'template1')
    await get(async ({ backgroundTasks }) => {
      backgroundTasks.addTask(work.note, notes.file, 1)
      for (const wrong of [undefined, null, 'postgres://root@127.0.0.1/test', {}, { query: 1 }]) {
        await t.rejects(backgroundTasks.storeIn(wrong as never), { code: 'FST_BGT_INVALID_OPTION', message: /storeIn\(\) takes a client of pg with an open transaction, or \{ query/ })
      }
      await t.rejects(backgroundTasks.storeIn({ query: async () => [] as never }), { code: 'FST_BGT_INVALID_OPTION', message: /resolves to \{ rows \}, but it resolved to an array/ })

      await elsewhere.query('BEGIN')
      await t.rejects(backgroundTasks.storeIn(elsewhere), { code: 'FST_BGT_INVALID_OPTION', message: /connected to another; connect both to the same server and database/ })
      t.same((await elsewhere.query('SELECT 1 AS one')).rows, [{ one: 1 }], 'its transaction goes on')
      await elsewhere.query('ROLLBACK')

      t.equal(backgroundTasks.tasks.length, 1)
      await client.query('BEGIN')
      backgroundTasks.addTask(work.note, notes.file, 2)
      await backgroundTasks.storeIn(client)
      await client.query('COMMIT')
      backgroundTasks.addTask(work.note, notes.file, 3)
      await t.rejects(backgroundTasks.storeIn({ query: async () => { throw Object.assign(new Error('no'), { code: '40001', detail: 'secret' }) } }), { code: '40001', message: 'no', detail: undefined })
    })
    t.same(await waiting(queue), [[1, 2], [3]])
  })

  await testOnPostgres(t, 'tasks that could not be stored wait in their order, with those added meanwhile', async (t, server) => {
    const { queue, notes, get } = await createOrders(t, server)
    await get(async ({ backgroundTasks }) => {
      backgroundTasks.addTask(work.note, notes.file, 1)
      backgroundTasks.addTask(work.here, notes.file)
      backgroundTasks.addTask(work.note, notes.file, 2)
      const query = async (): Promise<never> => { throw new Error('no') }
      const storing = backgroundTasks.storeIn({ query })
      backgroundTasks.addTask(work.note, notes.file, 3)
      await t.rejects(storing, { message: 'no' })
      t.same(backgroundTasks.tasks.map(({ name, args }) => args[1] ?? name), [1, 'work.here', 2, 3])
    })
    t.same(await waiting(queue), [[1, 2, 3]])
  })

  await testOnPostgres(t, 'a handler that does not wait for storing delays the drain, not the response', async (t, server) => {
    const { queue, notes, get, client } = await createOrders(t, server)
    for (const failure of [undefined, 'refused']) {
      let storing: Promise<string> | undefined
      await get(async ({ backgroundTasks }) => {
        backgroundTasks.addTask(work.note, notes.file, failure ?? 'stored')
        await client.query('BEGIN')
        const query: TransactionClient['query'] = async (sql, params) => {
          await sleep(100)
          if (failure !== undefined) throw new Error(failure)
          return await client.query(sql, params)
        }
        storing = backgroundTasks.storeIn({ query }).then(() => 'stored', ({ message }) => message)
      })
      t.equal(await storing, failure ?? 'stored')
      await client.query('COMMIT')
    }
    t.same(await waiting(queue), [['stored'], ['refused']])
  })

  await testOnPostgres(t, 'tables in another schema, and an own pool whose search path names it', async (t, server) => {
    const schema = `test_${randomUUID().replaceAll('-', '')}`
    const client = await connect(t, server)
    const pool = new pg.Pool({ connectionString: server.url(), options: `-c search_path=${schema}` })
    t.teardown(async () => {
      await client.query(`DROP SCHEMA "${schema}" CASCADE`)
      await pool.end()
    })
    for (const [i, queue] of [{ schema }, { connection: pool }].entries()) {
      const own = await openTestQueue(t, server.url(), queue)
      await client.query('BEGIN')
      await own.collect([[work.note, 'file', 1]]).storeIn(client)
      await client.query('COMMIT')
      t.equal((await client.query(`SELECT 1 FROM "${schema}".job`)).rows.length, i + 1)
      await own.queue.close()
    }
  })

  await testOnPostgres(t, 'a role needs the rights that the docs name', async (t, server) => {
    const { queue, notes, get, client } = await createOrders(t, server)
    const role = `"role-${randomUUID()}"`
    await client.query(`CREATE ROLE ${role};
      GRANT USAGE ON SCHEMA bullmq TO ${role};
      GRANT SELECT, INSERT ON bullmq.job TO ${role};
      GRANT SELECT, INSERT, DELETE ON bullmq.event TO ${role};
      GRANT SELECT ON bullmq.meta TO ${role};
      GRANT USAGE ON SEQUENCE bullmq.job_seq, bullmq.event_seq TO ${role}`)
    await get(async ({ backgroundTasks }) => {
      await client.query(`BEGIN; SET LOCAL ROLE ${role}`)
      backgroundTasks.addTask(work.note, notes.file, 1)
      await backgroundTasks.storeIn(client).finally(() => client.query('COMMIT'))
    })
    await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    t.same(await waiting(queue), [[1]])
  })

  await testOnPostgres(t, 'a server that was started anew is still the same', async (t, server) => {
    const pool = new pg.Pool({ connectionString: server.url(), options: '-c search_path=bullmq' })
    t.teardown(() => pool.end())
    const query = pool.query.bind(pool) as (...args: any[]) => Promise<pg.QueryResult>
    let starts = 0
    pool.query = async (...args: any[]): Promise<any> => {
      const result = await query(...args)
      if (/ AS place/.test(String(args[0])) && ++starts === 1) result.rows[0].place = 'before it was started anew'
      return result
    }
    const queue = await openTestQueue(t, server.url(), { connection: pool })
    const bull = openQueue(t, server, queue.name)
    const client = await connect(t, server)
    await client.query('BEGIN')
    await queue.collect([[work.note, 'file', 1]]).storeIn(client)
    await client.query('COMMIT')
    t.same(await waiting(bull), [[1]])
    t.equal(starts, 2)
    await queue.queue.close()
  })

  await testOnPostgres(t, 'a queue whose server is unavailable cannot say which database is its own: 503', async (t, server) => {
    const queue = await openTestQueue(t, server.url(9))
    const client = await connect(t, server)
    await client.query('BEGIN')
    await t.rejects(queue.collect([[work.note, 'file', 1]]).storeIn(client), { code: 'FST_BGT_QUEUE_UNAVAILABLE', statusCode: 503, cause: { code: 'ECONNREFUSED' } })
    await client.query('ROLLBACK')
  })

  await testOnPostgres(t, "BullMQ's function takes what is passed to it", async (t, server) => {
    await openTestQueue(t, server.url())
    const client = await connect(t, server)
    const { rows } = await client.query("SELECT pg_get_function_arguments(oid) AS args, pg_get_function_result(oid) AS result FROM pg_proc WHERE oid = to_regproc('bullmq.add_job')")
    t.same(rows, [{
      args: 'p_queue text, p_id text, p_name text, p_data jsonb, p_opts jsonb, p_priority integer, p_delay bigint, p_timestamp bigint, p_max_attempts integer, ' +
        'p_parent_queue text, p_parent_id text, p_parent_key text, p_dedup_id text, p_scheduler_id text, p_lifo boolean',
      result: 'text'
    }])
  })

  await testOnOne(t, 'a queue on Redis is refused', async (t, server) => {
    const { app, notes } = await createQueueApp(t, server)
    const client = { query: async () => ({ rows: [] }) }
    const refusal = { code: 'FST_BGT_INVALID_OPTION', message: /storeIn\(\) needs a queue on PostgreSQL, and this one is on Redis/ }
    app.get('/', async ({ backgroundTasks }) => {
      backgroundTasks.addTask(work.note, notes.file, 1)
      await backgroundTasks.storeIn(client)
    })
    t.match((await app.inject('/')).json(), refusal)
    await t.rejects(app.backgroundTasks.storeIn(client, new BackgroundTasks([new BackgroundTask(work.note, notes.file, 1)])), refusal)
  })
})

test('storing in a transaction outside a request', async (t: Test) => {
  t.jobs = 2

  await testOnPostgres(t, 'the tasks of a collection are one job with the commit, and never existed after a rollback', async (t, server) => {
    const { app, queue, notes, client, log } = await createOrders(t, server)
    const tasks = new BackgroundTasks(null, { onError: 'stop' })
    const { id } = tasks.addTask(work.note, notes.file, 1)
    tasks.addTask(work.once, notes.file)
    for (const end of ['COMMIT', 'ROLLBACK']) {
      await client.query('BEGIN')
      await app.backgroundTasks.storeIn(client, tasks)
      t.equal((await queue.getJobs('waiting')).length, end === 'COMMIT' ? 0 : 1)
      await client.query(end)
    }
    const [job, ...others] = await queue.getJobs('waiting')
    t.match(job?.data, { onError: 'stop', reqId: undefined, tasks: [{ id, name: 'work.note', attempts: 5 }, { name: 'given by hand', attempts: 1 }] })
    t.same(others, [])
    t.same(notes.lines, [], 'none has run here')
    t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 4, failed: 0 })
    t.equal(log.with('background task "work.note" stored on the queue').length, 2)
    t.same(log.lines.filter(({ level }) => level >= 40), [])
  })

  await testOnPostgres(t, 'a copy is stored: the collection can be stored again, with new ids, and run', async (t, server) => {
    const { app, queue, notes, client } = await createOrders(t, server)
    const tasks = new BackgroundTasks()
    const { id } = tasks.addTask(work.note, notes.file, 1)
    for (let n = 0; n < 2; n++) {
      await client.query('BEGIN')
      await app.backgroundTasks.storeIn(client, tasks)
      await client.query('COMMIT')
    }
    const ids = (await queue.getJobs('waiting', 0, -1, true)).map(({ data }) => data.tasks[0].id)
    t.equal(ids[0], id)
    t.not(ids[1], id)
    t.equal(tasks.tasks.length, 1)
    await tasks()
    t.same(notes.lines, [1])
  })

  await testOnPostgres(t, 'what does not go to the queue is refused by name, before anything is stored', async (t, server) => {
    const { app, queue, notes, client } = await createOrders(t, server)
    class Loud extends BackgroundTask {
      override async run (): Promise<any> {}
    }
    const isNone = (name: string) => `Invalid task: "${name}" at index 1 does not go to the queue, so storeIn() cannot store it; export its function from a task module, or run it after the commit.`
    const cases: Array<[wrong: BackgroundTask, message: string]> = [
      [new BackgroundTask(function forget () {}), isNone('forget')],
      [new BackgroundTask(work.here, notes.file), isNone('work.here')],
      [new Loud(work.note, notes.file, 'with a run() of its own'), isNone('work.note')],
      [new BackgroundTasks([new BackgroundTask(work.note, notes.file, 2)]), 'Invalid task: the collection at index 1 is a job of its own; store it with another call of storeIn().']
    ]
    await client.query('BEGIN')
    for (const [wrong, message] of cases) {
      const tasks = new BackgroundTasks([new BackgroundTask(work.note, notes.file, 1), wrong])
      await t.rejects(app.backgroundTasks.storeIn(client, tasks), { code: 'FST_BGT_INVALID_TASK', message })
    }
    for (const wrong of [undefined, new BackgroundTask(work.note, notes.file, 1), [new BackgroundTask(work.note, notes.file, 1)], {}]) {
      await t.rejects(app.backgroundTasks.storeIn(client, wrong as never), { code: 'FST_BGT_INVALID_TASK', message: /storeIn\(\) takes a client and a collection, but got .*; make one with new BackgroundTasks/ })
    }
    await t.rejects(app.backgroundTasks.storeIn(client, new BackgroundTasks([new BackgroundTask(work.note, notes.file, 1), new BackgroundTask(work.note, notes.file, new Date())])), { code: 'FST_BGT_ARGUMENT' })
    await t.rejects(app.backgroundTasks.storeIn({} as never, new BackgroundTasks([new BackgroundTask(work.note, notes.file, 1)])), { code: 'FST_BGT_INVALID_OPTION' })
    await client.query('COMMIT')
    t.same(await waiting(queue), [])
    t.match(app.backgroundTasks, { pending: 0, running: 0, completed: 0, failed: 0 })
  })

  await testOnPostgres(t, 'the collection of a request is stored as with its own storeIn()', async (t, server) => {
    const { app, queue, notes, get, client } = await createOrders(t, server)
    await get(async ({ backgroundTasks }) => {
      backgroundTasks.addTask(work.note, notes.file, 1)
      backgroundTasks.addTask(work.here, notes.file)
      await client.query('BEGIN')
      await app.backgroundTasks.storeIn(client, backgroundTasks)
      await client.query('COMMIT')
      t.same(backgroundTasks.tasks.map(({ name }) => name), ['work.here'])
    })
    t.same(await waiting(queue), [[1]])
    t.same(notes.lines, [['here', process.pid]])
  })

  await testOnPostgres(t, 'if storing fails, nothing is left of it, and it can be repeated', async (t, server) => {
    const { app, queue, notes, client } = await createOrders(t, server, { maxPending: 2 })
    const note = new BackgroundTask(work.note, notes.file, 1)
    await t.rejects(app.backgroundTasks.storeIn({ query: async () => { throw Object.assign(new Error('no'), { code: '40001' }) } }, new BackgroundTasks([note])), { code: '40001' })
    await t.rejects(app.backgroundTasks.storeIn(client, new BackgroundTasks([note, note, note])), { code: 'FST_BGT_QUEUE_FULL' })
    t.match(app.backgroundTasks, { pending: 0, completed: 0, failed: 0 })
    await client.query('BEGIN')
    await app.backgroundTasks.storeIn(client, new BackgroundTasks([note, note]))
    await client.query('COMMIT')
    t.same(await waiting(queue), [[1, 1]])
  })

  await testOnPostgres(t, 'shutdown waits for storing, and a closed app refuses it', async (t, server) => {
    const { app, queue, notes, client } = await createOrders(t, server)
    const tasks = new BackgroundTasks([new BackgroundTask(work.note, notes.file, 1)])
    await client.query('BEGIN')
    let closed: Promise<unknown> | undefined
    const storing = app.backgroundTasks.storeIn({
      query: async (sql, params) => {
        closed ??= app.close()
        t.equal(await Promise.race([closed, sleep(50, 'waits')]), 'waits')
        return await client.query(sql, params)
      }
    }, tasks)
    await storing
    await closed
    await client.query('COMMIT')
    t.same(await waiting(queue), [[1]])
    await t.rejects(app.backgroundTasks.storeIn(client, tasks), { code: 'FST_BGT_CLOSED', statusCode: 503 })
  })
})

test('without a queue on a server storeIn() is refused', async (t: Test) => {
  const client = { query: async () => ({ rows: [] }) }
  for (const [queue, problem] of [['memory:', /this one is memory:/], [undefined, /there is none; register the plugin with/]] as const) {
    const { app } = await createApp(t, { tasks: queueTasks, ...(queue !== undefined && { queue }) })
    app.get('/', async ({ backgroundTasks }) => { await backgroundTasks.storeIn(client) })
    t.match((await app.inject('/')).json(), { code: 'FST_BGT_INVALID_OPTION', message: problem })
    await t.rejects(app.backgroundTasks.storeIn(client, new BackgroundTasks()), { code: 'FST_BGT_INVALID_OPTION', message: problem })
  }
  await t.rejects(new BackgroundTasks([new BackgroundTask(work.note, 'file', 1)]).storeIn(client), { code: 'FST_BGT_INVALID_OPTION', message: /call request\.backgroundTasks\.storeIn\(client\), or fastify\.backgroundTasks\.storeIn\(client, collection\)/ })
})
