import t from 'tap'
import * as work from '../fixtures/queue/work.js'
import { createQueueApp, testOnEach } from '../helpers/queue.js'

testOnEach(t, 'a job that is tried again by hand has the attempts that are left to it, and says so when it has failed again', async (t, server) => {
  const { app, notes, queue, log } = await createQueueApp(t, server, { queue: { worker: true, attempts: 2 } })
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(work.flaky, notes.file, 'hopeless', 9)
    return 'ok'
  })
  await app.inject('/')
  await app.backgroundTasks.idle()
  t.match(notes.lines, [['hopeless', 1], ['hopeless', 2]])

  const [job] = await queue.getFailed()
  await job?.retry()
  await app.backgroundTasks.idle()
  t.match(notes.lines.slice(2), [['hopeless', 1]])
  t.equal(notes.lines.length, 3)
  t.equal(log.with('background task failed, and is tried again').length, 1)
  t.equal(log.with('background task failed').length, 2)
  t.match((await queue.getFailed())[0]?.failedReason, /^1 of 1 background tasks failed: "work\.flaky"/)

  await job?.retry('failed', { resetAttemptsMade: true })
  await app.backgroundTasks.idle()
  t.match(notes.lines.slice(3), [['hopeless', 1], ['hopeless', 2]], 'all of them, where they are counted anew')
})
