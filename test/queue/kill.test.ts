import t from 'tap'
import * as work from '../fixtures/queue/work.js'
import { startCommand, taskFolder as tasks } from '../helpers/command-line.js'
import { createQueueApp, testOnEach } from '../helpers/queue.js'

testOnEach(t, 'a worker that is killed loses no task: another takes its jobs over', async (t, server) => {
  const { app, notes, name, queue } = await createQueueApp(t, server)
  app.get<{ Params: { n: string } }>('/:n', async (request) => {
    request.backgroundTasks.addTask(work.note, notes.file, [Number(request.params.n), 'first'])
    request.backgroundTasks.addTask(work.slow, notes.file, [Number(request.params.n), 'second'], 200)
    request.backgroundTasks.addTask(work.note, notes.file, [Number(request.params.n), 'third'])
    return 'ok'
  })
  for (let n = 0; n < 60; n++) await app.inject(`/${n}`)
  await app.backgroundTasks.idle()

  const args = ['worker', '--tasks', tasks, '--queue', server.url(), '--name', name]
  const killed = startCommand(t, ...args)
  await notes.until(20) // ten jobs are at work
  killed.child.kill('SIGKILL')
  await killed.exit()
  const begun = notes.lines.length
  const other = startCommand(t, ...args)
  while (await queue.getCompletedCount() < 60) await new Promise((resolve) => setTimeout(resolve, 100))
  other.child.kill('SIGTERM')
  t.equal(await other.exit(), 0)

  const lines = notes.lines.map((line) => JSON.stringify(line))
  t.equal(new Set(lines).size, 180, 'every task has run')
  const repeated = lines.length - 180
  t.ok(repeated <= 10, `${repeated} of the ten that were running have run again`)
  t.ok(begun < 180)
  for (let n = 0; n < 60; n++) {
    const own = (notes.lines as Array<[number, string]>).filter(([of]) => of === n).map(([, task]) => task)
    t.same([...new Set(own)], ['first', 'second', 'third'])
  }
})
