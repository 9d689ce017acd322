import pg from 'pg'
import { test } from 'tap'
import { JobLister } from '../../lib/queue/job-list.js'
import { resolveQueueOptions } from '../../lib/queue/queue-options.js'
import { OwnServer } from '../helpers/own-server.js'
import { Network, Notes, openQueue, testOnEach } from '../helpers/queue.js'
import { openTestQueue, openWithWorker, startTestWorker, work } from './harness.js'

test('an error of the server while it completes a job runs nothing again, and fails nothing', async (t) => {
  const server = await OwnServer.start(t, 'PostgreSQL')
  if (server === undefined) return t.pass('PostgreSQL is not installed')

  const queue = await openTestQueue(t, server.url())
  const client = new pg.Client(server.url())
  await client.connect()
  await client.query(`
    CREATE SEQUENCE completions;
    CREATE FUNCTION fails () RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF nextval('public.completions') <= 3 THEN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER fails BEFORE UPDATE ON bullmq.job FOR EACH ROW WHEN (NEW.state = 'completed') EXECUTE FUNCTION fails()`)
  const notes = new Notes(t)
  await queue.drain([[work.note, notes.file, 'a'], [work.note, notes.file, 'b']])
  const { outcomes } = await startTestWorker(t, server, queue.name)
  const bull = openQueue(t, server, queue.name)
  while ((await bull.getJobCounts('completed')).completed !== 1) await new Promise((resolve) => setTimeout(resolve, 20))
  t.same(notes.lines, ['a', 'b'])
  t.equal(outcomes.all.length, 2)
  await client.end()
})

test('completing a job while the connection comes and goes', async (t) => {
  await testOnEach(t, 'runs nothing again', async (t, server) => {
    const network = await Network.create(t, server)
    const queue = await openTestQueue(t, server.url())
    const bull = openQueue(t, server, queue.name)
    const { outcomes } = await startTestWorker(t, server, queue.name, { port: network.port, lockDuration: 10_000 })
    const notes = new Notes(t)
    await queue.drain([[work.note, notes.file, 'a'], [work.wait, notes.file, 'b'], [work.note, notes.file, 'c']])
    await notes.until(2)
    network.cut()
    notes.add('go on')
    await outcomes.until(2)
    network.mend()
    await outcomes.until(3)
    while ((await bull.getJobCounts('completed')).completed !== 1) await new Promise((resolve) => setTimeout(resolve, 20))
    t.same(notes.lines, ['a', 'b begins', 'go on', 'b ends', 'c'])
  })
})

test('a task learns that its job is lost', async (t) => {
  await testOnEach(t, 'its signal aborts when the lock has not been confirmed for as long as it lasts', async (t, server) => {
    const network = await Network.create(t, server)
    const queue = await openTestQueue(t, server.url())
    const { outcomes } = await startTestWorker(t, server, queue.name, { port: network.port, lockDuration: 1_500 })
    const notes = new Notes(t)
    await queue.drain([[work.untilAborted, notes.file], [work.note, notes.file, 'never here']])
    await notes.until(1)
    network.cut()
    await notes.until(2)
    t.same(notes.lines, ['begins', 'AbortError: The job is lost: another worker has it, or will'])
    await outcomes.until(1)
    t.same(outcomes.all, ['work.untilAborted completed'])
    await new Promise((resolve) => setTimeout(resolve, 300))
    t.equal(notes.lines.length, 2, 'nothing more begins')
  })
})

test('a worker that has lost its job records nothing when its connection is back', async (t) => {
  await testOnEach(t, 'and takes the next job', async (t, server) => {
    const network = await Network.create(t, server)
    const queue = await openTestQueue(t, server.url(), { backoff: 60_000 })
    const bull = openQueue(t, server, queue.name)
    const first = await startTestWorker(t, server, queue.name, { port: network.port, lockDuration: 1_500 })
    const notes = new Notes(t)
    await queue.drain([[work.wait, notes.file, 'a'], [work.flaky, notes.file, 'b', 1]])
    await notes.until(1)
    network.cut()
    notes.add('go on')
    await first.outcomes.until(1)
    const second = await startTestWorker(t, server, queue.name, { lockDuration: 1_500 })
    while ((await bull.getJobCounts('delayed')).delayed !== 1) await new Promise((resolve) => setTimeout(resolve, 20))
    await second.worker.close()
    network.mend()
    await queue.drain([[work.note, notes.file, 'next']])
    await first.outcomes.until(2)
    t.match((await bull.getJobs('delayed'))[0]?.progress, { position: 1, failures: 1, losses: 1 })
  })
})

test('the list of jobs', async (t) => {
  await testOnEach(t, 'counts jobs, shows the latest failures, and retries them', async (t, server) => {
    const { queue, outcomes, bull } = await openWithWorker(t, server, { attempts: 1 })
    const lister = await JobLister.load(resolveQueueOptions({ connection: server.url(), name: queue.name }))
    const notes = new Notes(t)
    await queue.drain([[work.failsOnce, notes.file, 'a'], [work.note, notes.file, 'b']])
    await queue.drain([[work.failsOnce, notes.file, 'c']])
    while ((await bull.getJobCounts('failed')).failed !== 2) await new Promise((resolve) => setTimeout(resolve, 10))
    const { failures, ...counts } = await lister.jobs()
    t.same(counts, { waiting: 0, active: 0, delayed: 0, completed: 0, failed: 2 })
    t.match(failures.map(({ name, reason }) => [name, reason]).sort(), [['work.failsOnce, work.note', /^1 of 2/], ['work.failsOnce', /^1 of 1/]])
    t.equal(await lister.retry({ id: 'nowhere' }), 0)
    t.equal(await lister.retry({ id: failures[0]?.id as string }), 1)
    await outcomes.until(4)
    while ((await bull.getJobCounts('completed')).completed !== 1) await new Promise((resolve) => setTimeout(resolve, 10))
    t.equal(await lister.retry('all'), 1)
    while ((await bull.getJobCounts('completed')).completed !== 2) await new Promise((resolve) => setTimeout(resolve, 10))
    t.equal(await lister.retry({ id: failures[0]?.id as string }), 0, 'it has not failed')
  })
})
