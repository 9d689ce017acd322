import t from 'tap'
import { BackgroundTask, BackgroundTasks, defineTask, taskContext } from '../lib/index.js'
import { createApp } from './helpers/app.js'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** The ids that its calls see, by name. */
function createIds () {
  const ids: Record<string, string[]> = {}
  const note = (name: string) => { (ids[name] ??= []).push(taskContext()!.id) }
  return { ids, note, noteAsync: async (name: string) => { note(name) } }
}

t.test('addTask() returns the id and the name that the task has in its context, for a request and for the app', async (t) => {
  const { app } = await createApp(t)
  const { ids, note, noteAsync } = createIds()
  app.get('/', async (request) => {
    const tasks = [
      request.backgroundTasks.addTask(note, 'inline'),
      request.backgroundTasks.addTask(noteAsync, 'async'),
      request.backgroundTasks.addTask(new BackgroundTask(noteAsync, 'task'))
    ]
    return tasks.map(({ id, name }) => ({ id, name }))
  })
  const added = (await app.inject('/')).json()
  await app.backgroundTasks.idle()
  t.match(added, [{ name: 'note' }, { name: 'noteAsync' }, { name: 'noteAsync' }])
  for (const { id } of added) t.match(id, uuid)
  t.same(ids, { inline: [added[0].id], async: [added[1].id], task: [added[2].id] })
  t.equal(new Set(added.map(({ id }: { id: string }) => id)).size, 3)

  const ofTheApp = app.backgroundTasks.addTask(noteAsync, 'app')
  await app.backgroundTasks.idle()
  t.same(ids.app, [ofTheApp.id], 'also where it is read when the task has ended')
})

t.test('the id is the same for every attempt, and that of the log', async (t) => {
  const { app, log } = await createApp(t, { backoff: 1 })
  const { ids, note } = createIds()
  const stubborn = defineTask(async () => {
    note('stubborn')
    if (taskContext()!.attempt < 3) throw new Error('no')
  }, { retries: 2, name: 'mine' })
  const { id, name } = app.backgroundTasks.addTask(stubborn)
  await app.backgroundTasks.idle()
  t.equal(name, 'mine')
  t.same(ids.stubborn, [id, id, id])
  t.same(log.retried.map(({ taskId }) => taskId), [id, id])
  t.same(log.completed.map(({ taskId }) => taskId), [id])
})

t.test('a collection gives the id of a task in its first run', async (t) => {
  const { ids, noteAsync } = createIds()
  const tasks = new BackgroundTasks()
  const { id, name } = tasks.addTask(noteAsync, 'a')
  t.equal(name, 'noteAsync')
  await tasks()
  await tasks()
  t.equal(ids.a!.length, 2)
  t.equal(ids.a![0], id)
  t.not(ids.a![1], id, 'the second run is of other tasks')
})

t.test('a task that is added while its collection runs has the id of that run', async (t) => {
  const { ids, noteAsync } = createIds()
  const tasks = new BackgroundTasks()
  let added: string | undefined
  tasks.addTask(async () => { added ??= tasks.addTask(noteAsync, 'late').id })
  await tasks()
  t.same(ids.late, [added])
})

t.test('a collection that was added has an id, and the name of its class', async (t) => {
  const { app } = await createApp(t)
  const { id, name } = app.backgroundTasks.addTask(new BackgroundTasks())
  t.match(id, uuid)
  t.equal(name, 'BackgroundTasks')
  await app.backgroundTasks.idle()
})
