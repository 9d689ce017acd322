import t from 'tap'
import { BackgroundTask, defineTask, loadTasks } from '../../lib/index.js'
import * as context from '../fixtures/tasks/context.js'
import { createThreadApp, tasks } from '../helpers/threads.js'

t.before(() => loadTasks(tasks))

t.test('defineTask returns the very function, with its types', async (t) => {
  const double = async (n: number) => n * 2
  const defined = defineTask(double, { name: 'math.double' })

  t.equal(defined, double)
  const task = new BackgroundTask(defined, 21)
  t.equal(task.name, 'math.double')
  t.equal(await task(), 42)
  defineTask(double, {})
  t.equal(new BackgroundTask(double, 1).name, 'double', 'a second call replaces the first')
})

t.test('an exported function keeps to threads, under the name that it was given, unless it is told not to', async (t) => {
  const show = ({ name, execution }: BackgroundTask) => [name, execution]
  t.same(show(new BackgroundTask(context.named)), ['given by hand', 'thread'])
  t.same(show(new BackgroundTask(context.onMainThread)), ['context.onMainThread', 'inline'])
  t.equal(await new BackgroundTask(context.onMainThread)(), true)
})

t.test('two functions of task modules that were given one name are refused', async (t) => {
  const folder = t.testdir({
    'a.mjs': 'export function a () {}',
    'b.mjs': 'export function b () {}'
  })
  const { b } = await import(`file://${folder}/b.mjs`)
  defineTask(b, { name: 'a.a' })
  await t.rejects(loadTasks(folder), { code: 'FST_BGT_TASK_MODULE', message: /a function named "a\.a"/ })
})

t.test('a function\'s own timeout goes before the app\'s, in every execution', async (t) => {
  const { app, log } = await createThreadApp(t, { timeout: 20_000 })
  app.backgroundTasks.addTask(context.impatient)
  app.backgroundTasks.addTask(defineTask(async function hangs () { await new Promise(() => {}) }, { timeout: 30 }))
  app.backgroundTasks.addTask(defineTask(function hangsToo () { return new Promise(() => {}) }, { timeout: 40 }))
  await app.backgroundTasks.idle()

  const failed = log.failed
  t.match(failed.map(({ task, err }) => [task, err.code, / of (\d+) ms/.exec(err.message)?.[1]]).sort(), [
    ['context.impatient', 'FST_BGT_TIMEOUT', '200'],
    ['hangs', 'FST_BGT_TIMEOUT', '30'],
    ['hangsToo', 'FST_BGT_TIMEOUT', '40']
  ])
  await t.rejects(new BackgroundTask(context.impatient)(), { code: 'FST_BGT_TIMEOUT' }, 'without an app, too')
})

t.test('wrong options are refused at once', async (t) => {
  const func = () => {}
  const cases: Array<[unknown, RegExp]> = [
    [undefined, /"options": it must be an object, but got undefined/],
    [{ name: '' }, /"name": it must be a string that is not empty, but got ""/],
    [{ timeout: 0 }, /"timeout": it must be a whole number of milliseconds from 1 to 2147483647, but got 0/],
    [{ retries: -1 }, /"retries": it must be a whole number from 0, but got -1/],
    [{ retries: 1.5 }, /"retries": it must be a whole number from 0/],
    [{ thread: 'no' }, /"thread": it must be true or false, but got "no"/],
    [{ queue: 1 }, /"queue": it must be true, false, or the name of a queue, which has no ":", but got 1/],
    [{ timeOut: 1 }, /"timeOut": it is unknown; did you mean "timeout"\? \(the known ones are name, timeout, retries, thread, queue, concurrency\)/]
  ]
  for (const [options, message] of cases) {
    t.throws(() => defineTask(func, options as object), { code: 'FST_BGT_INVALID_OPTION', message })
  }
  t.throws(() => defineTask('send' as never, {}), { code: 'FST_BGT_INVALID_FUNCTION' })
  t.throws(() => defineTask(new BackgroundTask(func), {}), { code: 'FST_BGT_INVALID_FUNCTION', message: /but got a task \(give its function to defineTask\(\) instead/ })
})
