import t from 'tap'
import { startCommand, taskFolder as tasks } from '../helpers/command-line.js'
import { createQueueApp, testOnEach } from '../helpers/queue.js'
import { addThreeTasks, checkThreeTasks } from '../helpers/three-tasks.js'

t.jobs = 2 // mostly they wait

testOnEach(t, 'a worker that is killed loses no task: another takes its jobs over', async (t, server) => {
  const { app, notes, name, queue } = await createQueueApp(t, server)
  addThreeTasks(app, notes, 200)
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

  checkThreeTasks(t, notes)
  t.ok(begun < 180)
})
