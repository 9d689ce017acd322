import { AsyncLocalStorage } from 'node:async_hooks'
import { mock } from 'node:test'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { BackgroundTask } from '../../lib/core/background-task.js'
import { BackgroundTasks } from '../../lib/core/background-tasks.js'
import { defineTask } from '../../lib/core/task-options.js'

t.test('a task captures a callable and its arguments, and runs it when awaited', async (t) => {
  const sent: unknown[] = []
  const send = async (to: string, options: { subject: string }) => { sent.push([to, options]) }

  const task = new BackgroundTask(send, 'ada@example.com', { subject: 'Welcome' })
  t.same(sent, [], 'nothing has run')
  t.equal(task.func, send)
  t.same(task.args, ['ada@example.com', { subject: 'Welcome' }])

  await task()
  t.same(sent, [['ada@example.com', { subject: 'Welcome' }]])
})

t.test('task() and task.run() are the same, and resolve to what the function returned', async (t) => {
  const double = new BackgroundTask(async (n: number) => n * 2, 21)
  const half: number = await new BackgroundTask((n: number) => n / 2, 84).run()

  t.equal(await double(), 42)
  t.equal(await double.run(), 42)
  t.equal(half, 42)
})

t.test('a plain function that returns a promise is awaited', async (t) => {
  const task = new BackgroundTask(() => new Promise<string>((resolve) => { setTimeout(resolve, 5, 'later') }))

  t.equal(task.execution, 'inline')
  t.equal(await task(), 'later')
})

t.test('an async function starts at once, a plain one in a turn of its own', async (t) => {
  const events: string[] = []
  const asyncTask = new BackgroundTask(async () => { events.push('async') })
  const plainTask = new BackgroundTask(() => { events.push('plain') })

  const runs = [plainTask(), asyncTask()]
  t.same(events, ['async'])
  process.nextTick(() => events.push('tick'))
  await Promise.all(runs)
  t.same(events, ['async', 'tick', 'plain'])
})

t.test('execution says how a task runs', async (t) => {
  const asyncFunction = async function (this: unknown) { return this }
  const bound = asyncFunction.bind(null)
  const foreign: () => Promise<void> = runInNewContext('(async () => {})')

  t.equal(new BackgroundTask(async () => {}).execution, 'await')
  t.equal(new BackgroundTask(bound).execution, 'await', 'a bound async function')
  t.equal(new BackgroundTask(foreign).execution, 'await', 'an async function of another realm')
  t.equal(new BackgroundTask(() => {}).execution, 'inline')
  t.equal(new BackgroundTask(Math.max, 1, 2).execution, 'inline', 'a native function')
})

t.test('a task has the name of its function', async (t) => {
  const nameless = () => {}
  Object.defineProperty(nameless, 'name', { value: 42 })

  const hostile = Object.defineProperty(() => {}, 'name', { get () { throw new Error('no') } })

  t.equal(new BackgroundTask(hostile).name, 'anonymous', 'a name that throws')
  t.equal(new BackgroundTask(function sendWelcome () {}).name, 'sendWelcome')
  t.equal(new BackgroundTask(() => {}).name, 'anonymous')
  t.equal(new BackgroundTask(nameless).name, 'anonymous', 'a name that is no string')
})

t.test('a task is a function and an instance of its class', async (t) => {
  class AuditTask extends BackgroundTask<() => string> {}
  const task = new AuditTask(() => 'done')

  t.type(task, 'function')
  t.ok(task instanceof Function)
  t.ok(task instanceof BackgroundTask)
  t.ok(task instanceof AuditTask)
  t.equal(await task.apply(null), 'done')
})

t.test('a task rejects with whatever its function throws', async (t) => {
  const error = new Error('no')
  await t.rejects(new BackgroundTask(() => { throw error })(), error)
  await t.rejects(new BackgroundTask(async () => { throw error })(), error)

  // eslint-disable-next-line no-throw-literal
  const outcome = await new BackgroundTask(() => { throw undefined })().then(() => 'resolved', (thrown) => [thrown])
  t.same(outcome, [undefined])
})

t.test('a function does not see the task as this', async (t) => {
  const task = new BackgroundTask(function (this: unknown) { return this })
  t.equal(await task(), undefined)
})

/** Mocks a method, whatever the types say. */
const mockMethod = mock.method.bind(mock) as unknown as (object: object, name: string, implementation: () => unknown) => { mock: { callCount (): number } }

t.test('a mock of an async function completes with what it returns, and fails with what it throws', async (t) => {
  const mailer = { send: async (to: string) => to }
  for (const [implementation, expected] of [[() => {}, undefined], [() => 42, 42], [() => ({ then: (resolve: (value: string) => void) => { resolve('thenable') } }), 'thenable']] as const) {
    const { mock: calls } = mockMethod(mailer, 'send', implementation as () => unknown)
    t.equal(await new BackgroundTask(mailer.send, 'ada')(), expected as never)
    t.equal(calls.callCount(), 1)
    mock.restoreAll()
  }

  const { mock: calls } = mockMethod(mailer, 'send', () => { throw new Error('at once') })
  await t.rejects(new BackgroundTask(defineTask(mailer.send, { retries: 1 }), 'ada')(), { message: 'at once' })
  t.equal(calls.callCount(), 2, 'it is retried')
  mock.restoreAll()
})

t.test('the stack of a refusal begins at the caller', async (t) => {
  function caller () { return new BackgroundTask(42 as unknown as () => void) }
  function adder () { new BackgroundTasks().addTask('send' as unknown as () => void) }
  for (const [func, name] of [[caller, 'caller'], [adder, 'adder']] as const) {
    try {
      func()
      t.fail()
    } catch (error) {
      t.match((error as Error).stack?.split('\n')[1], new RegExp(`at ${name} `))
    }
  }
})

t.test('a task that is awaited by hand runs in the async context of its caller', async (t) => {
  const storage = new AsyncLocalStorage<string>()
  const task = storage.run('made', () => new BackgroundTask(() => storage.getStore()))

  t.equal(await storage.run('called', () => task()), 'called')
})

t.test('what is no function is refused where it is given', async (t) => {
  const cases: Array<[string, unknown]> = [
    ['undefined', undefined],
    ['null', null],
    ['"send"', 'send'],
    [`"${'x'.repeat(80)}…"`, 'x'.repeat(1000)],
    ['42', 42],
    ['1n', 1n],
    ['a symbol', Symbol('send')],
    ['an object', { [Symbol.toStringTag]: 42 }],
    ['an array', []],
    ['an object', { secret: 'sesame' }],
    ['a promise (the function was called already)', Promise.resolve()],
    ['a generator function, whose body would never run', function * () {}],
    ['a generator function, whose body would never run', async function * () {}],
    ['a class, which cannot be called', class Job {}]
  ]

  for (const [got, func] of cases) {
    t.throws(() => new BackgroundTask(func as () => void), {
      code: 'FST_BGT_INVALID_FUNCTION',
      statusCode: 500,
      message: `A background task needs a function, but got ${got}. Pass the function itself, then its arguments: addTask(func, ...args).`
    })
  }
})
