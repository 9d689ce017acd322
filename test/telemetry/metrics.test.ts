import { Counter, register, Registry } from 'prom-client'
import t from 'tap'
import backgroundTasks, { defineTask, loadTasks } from '../../lib/index.js'
import { Metrics } from '../../lib/telemetry/metrics.js'
import { loadOptional } from '../../lib/core/option-rules.js'
import * as context from '../fixtures/tasks/context.js'
import * as work from '../fixtures/tasks/work.js'
import { createApp, createBareApp, listen } from '../helpers/app.js'
import { deferred } from '../helpers/promise.js'
import { createThreadApp, tasks } from '../helpers/threads.js'

t.before(() => loadTasks(tasks))

/** The samples of a registry, as Prometheus reads them. */
async function samplesOf (registry: Registry): Promise<Map<string, number>> {
  const lines = (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]))
}

t.test('tasks are counted and timed, by name, execution and outcome', async (t) => {
  const register = new Registry()
  const { app } = await createThreadApp(t, { metrics: { register } })
  const gate = deferred()
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(async function send () { await gate.promise })
    request.backgroundTasks.addTask(function inline () {})
    request.backgroundTasks.addTask(work.busy, 20)
    request.backgroundTasks.addTask(work.fail, 'on purpose')
    request.backgroundTasks.addTask(defineTask(async function retried () { throw new Error('each time') }, { retries: 1 }))
    return 'ok'
  })
  app.get('/metrics', async () => await register.metrics())
  const origin = `http://127.0.0.1:${await listen(app)}`
  await (await fetch(origin)).text()

  const text = await (await fetch(`${origin}/metrics`)).text()
  t.match(text, /^background_tasks_pending 4$/m)
  t.match(text, /^background_tasks_running 1$/m)
  gate.resolve()
  await app.backgroundTasks.idle()

  const samples = await samplesOf(register)
  t.equal(samples.get('background_tasks_pending'), 0)
  t.equal(samples.get('background_tasks_running'), 0)
  const total = [...samples].filter(([name]) => name.startsWith('background_tasks_total'))
  t.same(total, [
    ['background_tasks_total{task="send",execution="await",outcome="completed"}', 1],
    ['background_tasks_total{task="inline",execution="inline",outcome="completed"}', 1],
    ['background_tasks_total{task="work.busy",execution="thread",outcome="completed"}', 1],
    ['background_tasks_total{task="work.fail",execution="thread",outcome="failed"}', 1],
    ['background_tasks_total{task="retried",execution="await",outcome="failed"}', 1]
  ])
  const took = samples.get('background_task_duration_seconds_sum{task="work.busy",execution="thread"}') as number
  t.ok(took >= 0.02 && took < 5, `${took} s, and not ms`)
  t.equal(samples.get('background_task_duration_seconds_count{task="send",execution="await"}'), 1)
  const waited = samples.get('background_task_wait_seconds_sum{task="inline",execution="inline"}') as number
  t.ok(waited > 0 && waited < 5)
})

t.test('a task whose function was never called has waited and taken no time', async (t) => {
  const register = new Registry()
  const { app } = await createThreadApp(t, { metrics: { register } })
  app.backgroundTasks.addTask(work.identity, [() => {}])
  await app.backgroundTasks.idle()
  const samples = await samplesOf(register)
  t.equal(samples.get('background_task_wait_seconds_sum{task="work.identity",execution="thread"}'), 0)
  t.equal(samples.get('background_task_duration_seconds_sum{task="work.identity",execution="thread"}'), 0)
})

t.test('several apps share a registry, the default one too, and one that has closed is not counted', async (t) => {
  t.teardown(() => register.clear())
  const gate = deferred()
  const apps = [await createApp(t, { metrics: {} }), await createApp(t, { metrics: {} })]
  for (const { app } of apps) app.backgroundTasks.addTask(async function wait () { await gate.promise })
  await new Promise((resolve) => setImmediate(resolve))
  t.equal((await samplesOf(register)).get('background_tasks_running'), 2)
  gate.resolve()
  for (const { app } of apps) await app.close()
  t.equal((await samplesOf(register)).get('background_tasks_running'), 0)
  t.equal((await samplesOf(register)).get('background_tasks_total{task="wait",execution="await",outcome="completed"}'), 2)

  register.clear()
  const { app } = await createApp(t, { metrics: {} })
  app.backgroundTasks.addTask(async function again () {})
  await app.backgroundTasks.idle()
  t.equal((await samplesOf(register)).get('background_tasks_total{task="again",execution="await",outcome="completed"}'), 1)
})

t.test('names have a prefix, and no metric that is somebody else\'s', async (t) => {
  const register = new Registry()
  const { app } = await createApp(t, { metrics: { register, prefix: 'shop_' } })
  app.backgroundTasks.addTask(async () => {})
  await app.backgroundTasks.idle()
  t.equal((await samplesOf(register)).get('shop_background_tasks_total{task="anonymous",execution="await",outcome="completed"}'), 1)

  for (const { name } of await register.getMetricsAsJSON()) {
    const taken = new Registry()
    taken.registerMetric(new Counter({ name, help: 'foreign', registers: [] }))
    const { app: other } = createBareApp(t)
    await t.rejects(async () => await other.register(backgroundTasks, { metrics: { register: taken, prefix: 'shop_' } }), {
      code: 'FST_BGT_INVALID_OPTION',
      message: `Invalid option "metrics.prefix": the registry already has a metric "${name}", registered by another part of the application; choose another prefix.`
    })
    t.same(taken.getMetricsAsArray().map(({ name }) => name), [name], 'none is left behind')
  }
})

t.test('labels are bounded, whatever names functions have', async (t) => {
  const register = new Registry()
  const { app } = await createThreadApp(t, { metrics: { register } })
  for (let i = 0; i < 300; i++) app.backgroundTasks.addTask({ async [`customer ${i}`] () {} }[`customer ${i}`] as () => Promise<void>)
  app.backgroundTasks.addTask(work.add, 1, 2)
  app.backgroundTasks.addTask(context.named)
  app.backgroundTasks.addTask(defineTask(async () => {}, { name: 'defined' }))
  await app.backgroundTasks.idle()

  const labels = [...await samplesOf(register)].filter(([name]) => name.startsWith('background_tasks_total'))
    .map(([name, count]) => [/task="([^"]*)"/.exec(name)?.[1], count])
  t.equal(labels.length, 200 + 4)
  t.match(Object.fromEntries(labels), { other: 100, 'work.add': 1, 'given by hand': 1, defined: 1 })
})

t.test('wrong options are refused by name, and a package that is missing with how to install it', async (t) => {
  const cases: Array<[unknown, RegExp]> = [
    ['yes', /"metrics": it must be an object, but got "yes"/],
    [{ register: {} }, /"metrics\.register": it must be a Registry of prom-client, but got an object/],
    [{ register: null }, /"metrics\.register": it must be a Registry/],
    [{ prefix: '1-' }, /"metrics\.prefix": it must be a prefix of metric names/],
    [{ labels: {} }, /"metrics\.labels": it is unknown; the known ones are register, prefix/]
  ]
  for (const [metrics, message] of cases) {
    const { app } = createBareApp(t)
    await t.rejects(async () => await app.register(backgroundTasks, { metrics: metrics as object }), { code: 'FST_BGT_INVALID_OPTION', message })
  }
  await t.rejects(loadOptional('metrics', 'not-installed'), {
    code: 'FST_BGT_MISSING_DEPENDENCY', message: 'The option "metrics" needs not-installed to be installed. Run: npm install not-installed'
  })
  const broken = t.testdir({ 'broken.mjs': 'throw new Error("of its own")' })
  await t.rejects(loadOptional('metrics', `file://${broken}/broken.mjs`), { message: 'of its own' })
})

t.test('jobs that a worker takes over are counted, and a registry that throws harms nobody', async (t) => {
  const register = new Registry()
  const metrics = (await Metrics.open({ register })).forWorker()
  metrics.takenOver(2)
  t.match(await register.metrics(), /^background_tasks_taken_over_total 2$/m)
  t.equal(metrics.forWorker(), metrics)
  metrics.takenOver(-1)
  t.match(await register.metrics(), /^background_tasks_taken_over_total 2$/m, 'a counter refuses to be decreased')
})

t.test('with metrics: true they are in the default registry of prom-client', async (t) => {
  const { app } = await createApp(t, { metrics: true })
  t.teardown(() => { register.clear() })
  app.backgroundTasks.addTask(async function counted () {})
  await app.backgroundTasks.idle()
  t.match(await register.metrics(), /^background_tasks_total\{task="counted",execution="await",outcome="completed"\} 1$/m)
})
