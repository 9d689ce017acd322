import { createRequire } from 'node:module'
import { symlinkSync } from 'node:fs'
import { threadId } from 'node:worker_threads'
import t from 'tap'
import { BackgroundTask } from '../../lib/core/background-task.js'
import { loadTasks, openThreads } from '../../lib/threads/open-threads.js'
import { silent } from '../../lib/core/task-logger.js'
import { Executions } from '../../lib/core/executions.js'
import { nameOf } from '../../lib/core/task-registry.js'
import * as work from '../fixtures/tasks/work.js'

const folder = new URL('../fixtures/tasks/', import.meta.url)
const require = createRequire(import.meta.url)
const common = require('../fixtures/tasks/nested/common.cjs')
const onlyFunction = require('../fixtures/tasks/nested/only-function.cjs')
const methods = (await import(new URL('nested/methods.js', folder).href)).default

t.before(() => loadTasks(folder))

const show = (func: (...args: any[]) => any) => {
  const { name, execution } = new BackgroundTask(func)
  return [name, execution]
}

t.test('functions of a folder are named by path and export, the default export by path alone', async (t) => {
  t.same(show(work.add), ['work.add', 'thread'])
  t.same(show(work.default), ['work', 'thread'])
  t.same(show(work.noteAsync), ['work.noteAsync', 'await'], 'async ones run on the event loop')
})

t.test('functions of CommonJS modules are known, and run in threads', async (t) => {
  t.same(show(common.double), ['nested/common.double', 'thread'])
  t.same(show(common.late), ['nested/common.late', 'await'])
  t.same(show(common.computed), ['nested/common.computed', 'thread'], 'not seen by an import')
  t.same(show(onlyFunction), ['nested/only-function', 'thread'])
  t.same(show(onlyFunction.helper), ['nested/only-function.helper', 'thread'])

  t.equal(await new BackgroundTask(common.double, 21)(), 42)
  t.not(await new BackgroundTask(common.computed)(), threadId)
  t.not(await new BackgroundTask(onlyFunction)(), threadId)
  t.equal(await new BackgroundTask(onlyFunction.helper)(), 'helper')
  t.equal(await new BackgroundTask(work.default)(), 'default')
})

t.test('closures, methods, bound and native functions run inline', async (t) => {
  t.same(show(() => {}), ['anonymous', 'inline'])
  t.same(show(work.bound as () => number), ['bound add', 'inline'])
  t.same(show(methods.method), ['method', 'inline'])
  t.same(show(new work.Service().method), ['method', 'inline'])
  t.same(show(Math.max), ['max', 'inline'])
})

t.test('a file, a path, a URL and a package are task modules', async (t) => {
  const root = t.testdir({
    'emails.mjs': 'export function sendWelcome () {}',
    'images.mjs': 'export function resize () {}\nexport default function all () {}',
    'audit.mjs': 'export function write () {}',
    node_modules: {
      '@acme': {
        tasks: {
          'package.json': JSON.stringify({ name: '@acme/tasks', exports: { import: './esm.mjs', require: './cjs.cjs' } }),
          'esm.mjs': 'export function charge () {}',
          'cjs.cjs': 'exports.charge = function charge () {}'
        }
      }
    }
  })
  const cwd = process.cwd()
  process.chdir(root)
  t.teardown(() => process.chdir(cwd))
  const url = (file: string) => new URL(file, `file://${root}/`)
  await loadTasks(['./emails.mjs', url('images.mjs'), url('audit.mjs').href, '@acme/tasks'])

  const [emails, images, audit, acme] = await Promise.all(
    ['emails.mjs', 'images.mjs', 'audit.mjs', 'node_modules/@acme/tasks/esm.mjs'].map((file) => import(url(file).href))
  )
  t.same(show(emails.sendWelcome), ['emails.sendWelcome', 'thread'])
  t.same(show(images.resize), ['images.resize', 'thread'])
  t.same(show(images.default), ['images', 'thread'])
  t.same(show(audit.write), ['audit.write', 'thread'])
  t.same(show(acme.charge), ['@acme/tasks.charge', 'thread'], 'as an import of the package finds it')
})

t.test('a module that cannot be found or loaded, or has a name twice, fails the start and is named', async (t) => {
  const root = t.testdir({
    'throws.mjs': 'throw new Error("no configuration")',
    'throws-no-error.mjs': 'throw 42',
    'typed.mjs': 'throw Object.assign(new Error("Unknown file extension"), { code: "ERR_UNKNOWN_FILE_EXTENSION" })',
    'syntax.mjs': 'export function (',
    empty: { 'readme.md': '', 'only.d.ts': '', 'some.test.js': '', 'some.spec.mjs': '', '.hidden.js': '', node_modules: { 'some.js': '' } },
    one: { 'emails.mjs': 'export function send () {}' },
    two: { 'emails.mjs': 'export function send () {}' }
  })
  const cases: Array<[string | string[] | URL, RegExp]> = [
    [`${root}/throws.mjs`, /throws\.mjs: it cannot be loaded: no configuration/],
    [`${root}/throws-no-error.mjs`, /throws-no-error\.mjs: it cannot be loaded: 42/],
    [`${root}/syntax.mjs`, /syntax\.mjs: it cannot be loaded: /],
    [`${root}/missing`, /missing: there is no such file or folder/],
    ['./missing.js', /missing\.js: there is no such file or folder/],
    ['missing-package', /missing-package: there is no file or folder .*missing-package, and no package of this name/],
    [new URL('https://example.com/tasks.js'), /https:\/\/example\.com\/tasks\.js: only file: URLs can be loaded/],
    [`${root}/empty`, /empty: the folder contains no module/],
    [[`${root}/one`, `${root}/two`], /two\/emails\.mjs: it has a function named "emails\.send", and so has file:.*one\/emails\.mjs; rename/],
    [`${root}/typed.mjs`, /typed\.mjs: it cannot be loaded: Unknown file extension.* This process cannot run TypeScript: start it with/]
  ]
  for (const [tasks, message] of cases) {
    await t.rejects(openThreads({ tasks }, silent), { code: 'FST_BGT_TASK_MODULE', message }, String(tasks))
  }
  await t.rejects(loadTasks(`${root}/throws.mjs`), { code: 'FST_BGT_TASK_MODULE', cause: { message: 'no configuration' } })
})

t.test('a value that names no module is refused', async (t) => {
  for (const tasks of [42, '', [''], [null], {}, null]) {
    await t.rejects(loadTasks(tasks as unknown as string), { code: 'FST_BGT_INVALID_OPTION', message: /"tasks".*path or URL/ })
  }
})

t.test('one function under two names, and one module listed twice, are accepted', async (t) => {
  const root = t.testdir({
    'a.mjs': 'export function send () {}\nexport { send as post }',
    'b.mjs': 'export * from "./a.mjs"'
  })
  await loadTasks([root, `${root}/a.mjs`])

  t.equal(new BackgroundTask((await import(`file://${root}/b.mjs`)).send).name, 'a.send')
})

t.test('with threads: false functions have their names, and run inline', async (t) => {
  const root = t.testdir({ 'local.mjs': 'export function where () {}' })
  t.equal(await openThreads({ tasks: root, threads: false }, silent), undefined)
  const { where } = await import(`file://${root}/local.mjs`)
  t.equal(nameOf(where), 'local.where')
  t.equal(new Executions().of(where).name, 'inline')
})

t.test('test files are *.test.* and *.spec.*: every other module of a folder is a task module', async (t) => {
  const root = t.testdir({
    'load-test.mjs': 'export function send () {}',
    'ab_spec.mjs': 'export function send () {}',
    test: { 'results.mjs': 'export function send () {}' },
    tests: { 'results.mjs': 'export function send () {}' },
    __tests__: { 'results.mjs': 'export function send () {}' },
    'results.test.mjs': 'throw new Error("a test")',
    'results.spec.js': 'throw new Error("a test")'
  })
  await loadTasks(root)
  const names = ['load-test.mjs', 'ab_spec.mjs', 'test/results.mjs', 'tests/results.mjs', '__tests__/results.mjs']
    .map(async (file) => show((await import(`file://${root}/${file}`)).send))
  t.same(await Promise.all(names), ['load-test', 'ab_spec', 'test/results', 'tests/results', '__tests__/results'].map((path) => [`${path}.send`, 'thread']))
})

t.test('functions of a CommonJS module behind a symbolic link are known', async (t) => {
  const root = t.testdir({
    real: { 'emails.cjs': 'const all = { send () { return true } }; for (const name in all) exports[name] = all[name]' },
    tasks: {}
  })
  symlinkSync(`${root}/real/emails.cjs`, `${root}/tasks/emails.cjs`)
  symlinkSync(`${root}/tasks`, `${root}/link`)
  await loadTasks(`${root}/link`)
  const { send } = require(`${root}/link/emails.cjs`)
  t.same(show(send), ['emails.send', 'thread'])
  t.equal(await new BackgroundTask(send)(), true)
})

t.test('of TypeScript that is compiled into its own folder, what the program itself runs is loaded', async (t) => {
  const root = t.testdir({
    'emails.ts': 'throw new Error("not what runs")',
    'emails.js': 'export function send () {}',
    'images.mts': 'throw new Error("not what runs")',
    'images.mjs': 'export function resize () {}'
  })
  await loadTasks(root)
  t.same(show((await import(`file://${root}/images.mjs`)).resize), ['images.resize', 'thread'])
  t.same(show((await import(`file://${root}/emails.js`)).send), ['emails.send', 'thread'])

  const [, program] = process.argv
  process.argv[1] = 'app.ts'
  t.teardown(() => { process.argv[1] = program! })
  await t.rejects(loadTasks(root), { message: /emails\.ts: it cannot be loaded/ })
})
