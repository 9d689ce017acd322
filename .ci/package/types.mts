// What must compile, and what must not.
import Fastify from 'fastify'
import backgroundTasks, { BackgroundTask, BackgroundTasks, loadTasks, type BackgroundTasksOptions } from 'fastify-background-tasks'

const send = async (to: string, options: { subject: string }) => to.length + options.subject.length
const app = Fastify()

await app.register(backgroundTasks)
await app.register(backgroundTasks, { runOn: 'success', onError: 'stop', closeTimeout: 1_000 })
const options: BackgroundTasksOptions = { onTaskError: (error, task, request) => { console.error(error, task.name, request?.id) } }
await app.register(backgroundTasks, options)
await app.register(backgroundTasks, { tasks: ['./tasks', new URL('./tasks', import.meta.url)], threads: { max: 2 }, timeout: 1, blockedWarning: 0 })
await app.register(backgroundTasks, { threads: false })
await loadTasks(new URL('./tasks', import.meta.url))
// @ts-expect-error neither false nor options
await app.register(backgroundTasks, { threads: true })
// @ts-expect-error an unknown option
await app.register(backgroundTasks, { runon: 'success' })
// @ts-expect-error a wrong value
await app.register(backgroundTasks, { runOn: 'never' })

app.get('/', { config: { backgroundTasks: { runOn: 'success', onError: 'stop' } } }, async (request) => {
  request.backgroundTasks.addTask(send, 'ada@example.com', { subject: 'Hi' })
  request.backgroundTasks.addTask(() => {})
  // @ts-expect-error a missing argument
  request.backgroundTasks.addTask(send, 'ada@example.com')
  // @ts-expect-error a wrong argument
  request.backgroundTasks.addTask(send, 42, { subject: 'Hi' })
  // @ts-expect-error one too many
  request.backgroundTasks.addTask(send, 'ada@example.com', { subject: 'Hi' }, true)
  // @ts-expect-error no function
  request.backgroundTasks.addTask(send('ada@example.com', { subject: 'Hi' }))
  // @ts-expect-error cannot be replaced
  request.backgroundTasks = new BackgroundTasks()
})
// @ts-expect-error a wrong option of a route
app.get('/wrong', { config: { backgroundTasks: { runOn: 'never' } } }, async () => {})

const task = new BackgroundTask(send, 'ada@example.com', { subject: 'Hi' })
const called: number = await task()
const run: number = await task.run()
const execution: 'await' | 'thread' | 'inline' | 'queue' = task.execution
const [to]: [string, { subject: string }] = task.args
const func: typeof send = task.func

const tasks = new BackgroundTasks([task, new BackgroundTasks()], { onError: 'continue' })
const isTask: BackgroundTask = tasks
const list: BackgroundTask[] = tasks.tasks
const nothing: void = await tasks()
tasks.addTask(task)
app.backgroundTasks.addTask(tasks)
app.backgroundTasks.addTask(send, 'ada@example.com', { subject: 'Hi' })
const counts: number[] = [app.backgroundTasks.pending, app.backgroundTasks.running, app.backgroundTasks.completed, app.backgroundTasks.failed]
await app.backgroundTasks.idle()
// @ts-expect-error read only
app.backgroundTasks.pending = 0

export { called, run, execution, to, func, isTask, list, nothing, counts }
