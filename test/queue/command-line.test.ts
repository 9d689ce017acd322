import { fileURLToPath } from 'node:url'
import t from 'tap'
import * as work from '../fixtures/queue/work.js'
import { startCommand, taskFolder as tasks } from '../helpers/command-line.js'
import { startProgram } from '../helpers/program.js'
import { createQueueApp, Network, testOnEach, testOnOne } from '../helpers/queue.js'

t.jobs = 2 // mostly they wait

t.test('a wrong flag is told, with what is right', async (t) => {
  const cases: Array<[args: string[], text: RegExp]> = [
    [[], /the command must be "worker", but got none/],
    [['serve'], /the command must be "worker", but got "serve"/],
    [['worker', '--tsks', 'x'], /Unknown option '--tsks'/],
    [['worker', '--queue', 'redis://127.0.0.1'], /--tasks must name the task modules/],
    [['worker', '--tasks', tasks], /--queue must name the server/],
    [['worker', '--tasks', tasks, '--queue', 'redis://127.0.0.1', '--concurrency', '0'], /--concurrency must be a whole number from 1, but got "0"/],
    [['worker', '--tasks', tasks, '--queue', 'redis://127.0.0.1', '--log-level', 'loud'], /--log-level must be one of trace, .* but got "loud"/],
    [['worker', '--tasks', tasks, '--queue', 'mysql://root:sesame@127.0.0.1'], /"queue\.connection": it must be redis:\/\//]
  ]
  await Promise.all(cases.map(async ([args, text]) => {
    const { exit, output } = startCommand(t, ...args)
    t.equal(await exit(), 2)
    t.match(output(), text)
    t.match(output(), /Usage: fastify-background-tasks worker/)
    t.notMatch(output(), /sesame/)
  }))
})

t.test('help is no error, task modules that are not there are', async (t) => {
  const help = startCommand(t, '--help')
  t.equal(await help.exit(), 0)
  t.match(help.output(), /^Usage: [^]*--concurrency <n>/)

  const lost = startCommand(t, 'worker', '--tasks', '/nowhere', '--queue', 'redis://127.0.0.1')
  t.equal(await lost.exit(), 1)
  t.match(lost.output(), /Task module \/nowhere: there is no such file or folder/)
})

testOnOne(t, 'a worker that is told to end finishes what it runs; told twice it stops at once', async (t, server) => {
  const { app, notes, name, queue } = await createQueueApp(t, server)
  const args = ['worker', '--tasks', tasks, '--queue', server.url(), '--name', name, '--concurrency', '2']
  const patient = startCommand(t, ...args)
  await patient.until('the worker takes jobs')
  app.backgroundTasks.addTask(work.wait, notes.file, 'first')
  await notes.until(1)
  patient.child.kill('SIGTERM')
  await patient.until('the worker finishes what it runs')
  notes.add('go on')
  t.equal(await patient.exit(), 0)
  t.same(notes.lines, ['first begins', 'go on', 'first ends'])
  t.equal(await queue.getCompletedCount(), 1)

  const hasty = startCommand(t, ...args)
  await hasty.until('the worker takes jobs')
  app.backgroundTasks.addTask(work.slow, notes.file, 'second', 60_000)
  await notes.until(4)
  hasty.child.kill('SIGINT')
  await hasty.until('the worker finishes what it runs')
  hasty.child.kill('SIGINT')
  t.equal(await hasty.exit(), 130)
  t.equal(await queue.getActiveCount(), 1, 'its job is left for another')
})

testOnEach(t, 'a worker waits for a server that is away', async (t, server) => {
  const network = await Network.create(t, server)
  network.cut()
  const { app, notes, name } = await createQueueApp(t, server)
  const worker = startCommand(t, 'worker', '--tasks', tasks, '--queue', server.url(network.port), '--name', name)
  await worker.until('the worker waits for it')
  app.backgroundTasks.addTask(work.note, notes.file, 1)
  network.mend()
  await notes.until(1)
  worker.child.kill('SIGTERM')
  t.equal(await worker.exit(), 0)

  network.cut()
  const idle = startCommand(t, 'worker', '--tasks', tasks, '--queue', server.url(network.port), '--name', name)
  await idle.until('the worker waits for it')
  idle.child.kill('SIGTERM')
  t.equal(await idle.exit(), 0, 'it can be told to end while it waits')

  network.hang()
  const unanswered = startCommand(t, 'worker', '--tasks', tasks, '--queue', server.url(network.port), '--name', name)
  await unanswered.until('the worker waits for it')
  unanswered.child.kill('SIGTERM')
  t.equal(await unanswered.exit(), 0, 'and while the server does not answer')
})

testOnEach(t, 'a program whose worker was given up ends by itself', async (t, server) => {
  const { name } = await createQueueApp(t, server)
  const program = startProgram(t, [process.execPath, fileURLToPath(new URL('../fixtures/given-up.js', import.meta.url)), server.url(), name])
  await program.until('closed')
  t.equal(await program.exit(), 0)
})
