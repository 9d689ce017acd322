// What must compile, and what must not.
import Fastify from 'fastify'
import backgroundTasks, {
  backgroundTasks as named, BackgroundTask, BackgroundTasks, defineTask, loadTasks, taskContext,
  type AppTasks, type BackgroundTasksOptions, type TaskContext, type TaskOptions
} from 'fastify-background-tasks'
import { createWorker } from 'fastify-background-tasks/worker'

const send = async (to: string, options: { subject: string }) => to.length + options.subject.length
const app = Fastify()

await app.register(backgroundTasks)
await app.register(backgroundTasks, { runOn: 'success', onError: 'stop', closeTimeout: 1_000 })
const options: BackgroundTasksOptions = { onTaskError: (error, task, request) => { console.error(error, task.name, request?.id) } }
await app.register(backgroundTasks, options)
await app.register(backgroundTasks, { tasks: ['./tasks', new URL('./tasks', import.meta.url)], threads: { max: 2 }, timeout: 1, blockedWarning: 0 })
await app.register(backgroundTasks, { threads: false })
await loadTasks(new URL('./tasks', import.meta.url))
await app.register(named, { timeout: 5_000, retries: 3, maxPending: 1_000, metrics: { prefix: 'app_' } })
await app.register(backgroundTasks, { metrics: false, timeout: undefined })
await app.register(backgroundTasks, { metrics: true, backoff: 1, maxRunning: 10, awaitTasks: false, tasks: './tasks', queue: 'redis://localhost' })
await app.register(backgroundTasks, { tasks: './tasks', queue: new URL('postgres://localhost/app') })
await app.register(backgroundTasks, { tasks: './tasks', queue: { connection: 'memory:', prefix: 'app', schema: 'app', keepCompleted: 60, keepFailed: 60 } })
await app.register(backgroundTasks, { tasks: './tasks', queue: { connection: 'redis://localhost', enqueue: 'beforeResponse', worker: { concurrency: 5 } } })
// @ts-expect-error a queue is nowhere without a connection
await app.register(backgroundTasks, { queue: {} })
// @ts-expect-error an unknown option of the queue
await app.register(backgroundTasks, { queue: { connection: 'redis://localhost', prefx: 'app' } })
const worker = await createWorker({ tasks: './tasks', queue: { connection: 'redis://localhost' } })
await worker.close()
// @ts-expect-error a worker without task modules
await createWorker({ queue: { connection: 'redis://localhost' } })
// @ts-expect-error neither false nor options
await app.register(backgroundTasks, { threads: true })
// @ts-expect-error an unknown option
await app.register(backgroundTasks, { runon: 'success' })
// @ts-expect-error an unknown option of threads
await app.register(backgroundTasks, { threads: { maximum: 2 } })
// @ts-expect-error an unknown option of metrics
await app.register(backgroundTasks, { metrics: { registry: undefined } })
// @ts-expect-error a string of milliseconds
await app.register(backgroundTasks, { timeout: '5s' })
// @ts-expect-error neither a path nor a URL
await app.register(backgroundTasks, { tasks: { send } })
// @ts-expect-error a wrong value
await app.register(backgroundTasks, { runOn: 'never' })

app.get('/', { config: { backgroundTasks: { runOn: 'success', onError: 'stop' } } }, async (request) => {
  request.backgroundTasks.addTask(send, 'ada@example.com', { subject: 'Hi' })
  const { id, name }: { readonly id: string, readonly name: string } = request.backgroundTasks.addTask(() => {})
  request.backgroundTasks.waitUntil(send(id, { subject: name }))
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

app.get('/functions', async (request) => {
  const { backgroundTasks: tasks } = request
  tasks.addTask((name: string, times = 1) => name.repeat(times), 'twice', 2)
  tasks.addTask((name: string, times = 1) => name.repeat(times), 'once')
  tasks.addTask((...names: string[]) => names.length, 'any', 'number', 'of', 'names')
  tasks.addTask(new BackgroundTask(send, 'ada@example.com', { subject: 'Hi' }))
  // @ts-expect-error no function at all
  tasks.addTask()
  // @ts-expect-error the name of a function
  tasks.addTask('send', 'ada@example.com')
  // @ts-expect-error an unknown named argument
  tasks.addTask(send, 'ada@example.com', { subject: 'Hi', copy: true })
  // @ts-expect-error a missing named argument
  tasks.addTask(send, 'ada@example.com', {})
  // @ts-expect-error one of them is no string
  tasks.addTask((...names: string[]) => names.length, 'any', 1)
  // @ts-expect-error a method of its own is not there
  tasks.add(send, 'ada@example.com', { subject: 'Hi' })
})

const defined: typeof send = defineTask(send, { name: 'send', timeout: 5_000, retries: 3, thread: false })
app.backgroundTasks.addTask(defined, 'ada@example.com', { subject: 'Hi' })
const taskOptions: TaskOptions = { timeout: 5_000 }
defineTask(send, taskOptions)
// @ts-expect-error the options are missing
defineTask(send)
// @ts-expect-error an unknown option
defineTask(send, { attempts: 3 })
// @ts-expect-error a wrong value
defineTask(send, { thread: 'never' })
// @ts-expect-error no function
defineTask('send', { retries: 3 })
// @ts-expect-error a wrong argument of the function that it gives back
app.backgroundTasks.addTask(defined, 42, { subject: 'Hi' })

const context: TaskContext | undefined = taskContext()
// @ts-expect-error there is none outside of tasks
console.log(taskContext().id)
const told: [string, string, number, AbortSignal] | undefined = context && [context.id, context.name, context.attempt, context.signal]
context?.log.info({ order: 1 }, 'charging')
// @ts-expect-error no level of a logger
context?.log.shout('charging')
// @ts-expect-error read only
context!.attempt = 2

const view: AppTasks = app.backgroundTasks
// @ts-expect-error a wrong argument
view.addTask(send, 42, { subject: 'Hi' })
// @ts-expect-error a missing argument
view.addTask(send, 'ada@example.com')

// @ts-expect-error a missing argument
export const missing = new BackgroundTask(send, 'ada@example.com')
// @ts-expect-error a wrong argument
export const wrong = new BackgroundTask(send, 'ada@example.com', { subject: 42 })
// @ts-expect-error functions are no tasks
export const functions = new BackgroundTasks([send])
// @ts-expect-error an unknown option of a collection
export const unknown = new BackgroundTasks([], { onFailure: 'stop' })

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
// @ts-expect-error the result is a number
export const text: string = await task()

export { called, run, execution, to, func, isTask, list, nothing, counts, told }
