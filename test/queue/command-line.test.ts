import t from 'tap'
import * as work from '../fixtures/queue/work.js'
import { startCommand, taskFolder as tasks } from '../helpers/command-line.js'
import { createQueueApp, Network, testOnEach } from '../helpers/queue.js'

t.jobs = 2 // mostly they wait

t.test('wrong usage is an error that says what is right', async (t) => {
  const cases: Array<[args: string[], text: RegExp]> = [
    [[], /the command must be "worker", "jobs" or "retry", but got none/],
    [['serve'], /the command must be .*, but got "serve"/],
    [['worker', '--tsks', 'x'], /Unknown option '--tsks'/],
    [['worker', '--queue', 'redis://127.0.0.1'], /--tasks must name the task modules/],
    [['worker', '--tasks', tasks], /--queue, or the environment variable QUEUE_URL, must name the server/],
    [['worker', '--tasks', tasks, '--queue', 'memory:'], /"memory:" is a queue within one process/],
    [['worker', '--tasks', tasks, '--queue', 'mysql://root:sesame@127.0.0.1'], /"queue\.connection": it must be redis:\/\//]
  ]
  await Promise.all(cases.map(async ([args, text]) => {
    const { exit, output } = startCommand(t, ...args)
    t.equal(await exit(), 2)
    t.match(output(), text)
    t.notMatch(output(), /sesame/)
  }))
})

t.test('task modules that are not there are an error', async (t) => {
  const lost = startCommand(t, 'worker', '--tasks', '/nowhere', '--queue', 'redis://127.0.0.1')
  t.equal(await lost.exit(), 1)
  t.match(lost.output(), /Task module \/nowhere: there is no such file or folder/)
})

testOnEach(t, 'a worker that gets a signal finishes what it runs; the second SIGINT stops it at once', async (t, server) => {
  const { app, notes, name, queue } = await createQueueApp(t, server)
  const args = ['worker', '--tasks', tasks, '--queue', server.url(), '--name', name, '--concurrency', '2']
  const patient = startCommand(t, ...args)
  await patient.until('worker started')
  app.backgroundTasks.addTask(work.wait, notes.file, 'first')
  await notes.until(1)
  patient.child.kill('SIGTERM')
  await patient.until('shutting down: finishing the running jobs')
  notes.add('go on')
  t.equal(await patient.exit(), 0)
  t.same(notes.lines, ['first begins', 'go on', 'first ends'])
  t.equal(await queue.getCompletedCount(), 1)

  const hasty = startCommand(t, ...args)
  await hasty.until('worker started')
  app.backgroundTasks.addTask(work.slow, notes.file, 'second', 60_000)
  await notes.until(4)
  hasty.child.kill('SIGINT')
  await hasty.until('shutting down: finishing the running jobs')
  hasty.child.kill('SIGINT')
  t.equal(await hasty.exit(), 130)
  t.equal(await queue.getActiveCount(), 1, 'its job is left for another worker')
})

testOnEach(t, 'a worker waits for a server that is unavailable', async (t, server) => {
  const network = await Network.create(t, server)
  network.cut()
  const { app, notes, name } = await createQueueApp(t, server)
  const worker = startCommand(t, 'worker', '--tasks', tasks, '--queue', server.url(network.port), '--name', name)
  await worker.until('the worker is waiting for it')
  app.backgroundTasks.addTask(work.note, notes.file, 1)
  network.mend()
  await notes.until(1)
  worker.child.kill('SIGTERM')
  t.equal(await worker.exit(), 0)

  network.hang()
  const unanswered = startCommand(t, 'worker', '--tasks', tasks, '--queue', server.url(network.port), '--name', name)
  await unanswered.until('the worker is waiting for it')
  unanswered.child.kill('SIGTERM')
  t.equal(await unanswered.exit(), 0, 'and can be told to end while it waits')
})

testOnEach(t, 'jobs that have failed are shown, and retried', async (t, server) => {
  const { app, notes, name, queue } = await createQueueApp(t, server, { queue: { attempts: 1, worker: true } })
  app.backgroundTasks.addTask(work.failsOnce, notes.file, 'a')
  await app.backgroundTasks.idle()
  while (await queue.getFailedCount() !== 1) await new Promise((resolve) => setTimeout(resolve, 10))
  const args = ['--queue', server.url(), '--name', name]
  const jobs = startCommand(t, 'jobs', ...args)
  t.equal(await jobs.exit(), 0)
  t.match(jobs.output(), /^waiting 0, active 0, delayed 0, completed 0, failed 1\n.+Z [0-9a-f-]{36} work\.failsOnce: 1 of 1 background tasks failed: "work\.failsOnce" .+: the first time\n$/)
  const retry = startCommand(t, 'retry', 'all', ...args)
  t.equal(await retry.exit(), 0)
  t.equal(retry.output(), '1 job retried\n')
  await notes.until(2)
  t.same(notes.lines, ['a fails', 'a'])
})
