// What `require` gives, as TypeScript sees it.
import Fastify = require('fastify')
import backgroundTasks = require('fastify-background-tasks')

const app = Fastify()
app.register(backgroundTasks, { runOn: 'success' })
app.get('/', async (request) => {
  request.backgroundTasks.addTask((name: string) => name.length, 'commonjs')
  // @ts-expect-error a wrong argument
  request.backgroundTasks.addTask((name: string) => name.length, 42)
})
// @ts-expect-error an unknown option
app.register(backgroundTasks, { runon: 'success' })

const { BackgroundTask, defineTask } = backgroundTasks
const task = new BackgroundTask(defineTask((n: number) => n * 2, { thread: false }), 21)
const result: Promise<number> = task()

export = { result }
