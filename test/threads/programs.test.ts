import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { startProgram } from '../helpers/program.js'

/** Runs a program in the way in which a user's application runs. */
async function run (t: Test, args: string[], files: NonNullable<Parameters<Test['testdir']>[0]>) {
  const program = startProgram(t, [process.execPath, ...args], { cwd: t.testdir(files) })
  const code = await program.exit()
  return { code, output: program.output() }
}

const lib = new URL('../../lib/', import.meta.url).href
const tsx = import.meta.resolve('tsx')
const imports = `
import { BackgroundTask } from '${lib}core/background-task.js'
import { BackgroundTasks } from '${lib}core/background-tasks.js'
import { Executions } from '${lib}core/executions.js'
import { Collection } from '${lib}core/collection.js'
import { Task } from '${lib}core/task.js'
import { loadTasks, openThreads } from '${lib}threads/open-threads.js'
const log = { level: 'info', trace () {}, debug () {}, info () {}, warn (...args) { console.log('warn', ...args) }, error () {}, fatal () {}, child () { return log } }
`
const typedImports = imports.replace('...args', '...args: any[]').replace('const log', 'const log: any')
const cpu = `
export function busy (ms: number): boolean {
  const end = Date.now() + ms
  while (Date.now() < end);
  return isMainThread
}`
const typescript = { 'cpu.ts': `import { isMainThread } from 'node:worker_threads'\n${cpu}` }
const javascript = { 'cpu.mjs': `import { isMainThread } from 'node:worker_threads'\n${cpu.replace(/: (number|boolean)/g, '')}` }
const program = `
await loadTasks(new URL('./tasks/', import.meta.url))
const task = new BackgroundTask(busy, 50)
console.log(task.name, task.execution, await task())
`
const expected = { code: 0, output: 'cpu.busy thread false\n' }

t.test('a program that has used threads ends by itself', async (t) => {
  t.same(await run(t, ['app.mjs'], { 'app.mjs': `${imports}import { busy } from './tasks/cpu.mjs'\n${program}`, tasks: javascript }), expected)
})

t.test('a program that closes its threads while they start ends by itself', async (t) => {
  t.same(await run(t, ['app.mjs'], {
    'app.mjs': `${imports}import { busy } from './tasks/cpu.mjs'
      const threads = await openThreads({ tasks: './tasks', threads: { max: 2 } }, log)
      const run = () => { const tasks = new Collection({ executions: new Executions({}, [threads]) }, 'continue'); tasks.add(new Task(busy, [50])); return tasks.run() }
      const ended = Promise.all([run(), run(), run()])
      while (process.getActiveResourcesInfo().every((name) => name !== 'MessagePort')) await new Promise((resolve) => setImmediate(resolve))
      await threads.close()
      console.log((await ended).map(([error]) => error.code).join(' '))`,
    tasks: javascript
  }), { code: 0, output: 'FST_BGT_THREAD FST_BGT_THREAD FST_BGT_THREAD\n' })
})

t.test('threads run TypeScript if the program does: with tsx, as an ES module', async (t) => {
  t.same(await run(t, ['--import', tsx, 'app.ts'], {
    'package.json': '{ "type": "module" }',
    'app.ts': `${typedImports}import { busy } from './tasks/cpu.js'\n${program}`,
    tasks: typescript
  }), expected)
})

t.test('threads run TypeScript if the program does: with tsx, as CommonJS', async (t) => {
  t.same(await run(t, ['--import', tsx, 'app.ts'], {
    'package.json': '{ "type": "commonjs" }',
    'app.ts': `import { busy } from './tasks/cpu'
      const { BackgroundTask }: any = require('${fileURLToPath(lib)}core/background-task.js')
      const { loadTasks }: any = require('${fileURLToPath(lib)}threads/open-threads.js')
      async function main () {
        await loadTasks(__dirname + '/tasks')
        const task = new BackgroundTask(busy, 50)
        console.log(task.name, task.execution, await task())
      }
      main()`,
    tasks: typescript
  }), expected)
})

t.test('threads run TypeScript if the program does: Node.js strips the types', {
  skip: !('typescript' in process.features) && 'this Node strips no types'
}, async (t) => {
  t.same(await run(t, ['--disable-warning=ExperimentalWarning', 'app.ts'], {
    'package.json': '{ "type": "module" }',
    'app.ts': `${typedImports}import { busy } from './tasks/cpu.ts'\n${program}`,
    tasks: typescript
  }), expected)
})

t.test('with TypeScript that is compiled into its own folder, a program runs either of the two in threads', async (t) => {
  const files = {
    'package.json': '{ "type": "module" }',
    'app.js': `${imports}import { busy } from './tasks/cpu.js'\n${program}`,
    'app.ts': `${typedImports}import { busy } from './tasks/cpu.js'\n${program}`,
    tasks: { ...typescript, 'cpu.js': javascript['cpu.mjs'] }
  }
  t.same(await run(t, ['app.js'], files), expected)
  t.same(await run(t, ['--import', tsx, 'app.ts'], files), expected)
})

t.test('a task whose arguments are more than a thread can hold fails alone', async (t) => {
  const result = await run(t, ['app.mjs'], {
    'app.mjs': `${imports}import { size } from './tasks/size.mjs'
      const threads = await openThreads({ tasks: './tasks', threads: { max: 1, resourceLimits: { maxOldGenerationSizeMb: 24 } } }, log)
      const executions = new Executions({}, [threads])
      const run = (list) => { const tasks = new Collection({ executions }, 'continue'); tasks.add(new Task(size, [list])); return tasks.run() }
      await run([])
      const sizes = [1, 2, 3, 500_000, 4, 5, 6]
      const errors = await Promise.all(sizes.map((length) => run(Array.from({ length }, (_, i) => [i]))))
      await threads.close()
      console.log(errors.map(([error]) => error?.code ?? 'ok').join(' '))`,
    tasks: { 'size.mjs': 'export function size (list) { return list.length }' }
  })
  t.same(result, { code: 0, output: 'ok ok ok FST_BGT_THREAD ok ok ok\n' })
})

const printing = `
export function print (lines) {
  for (let i = 1; i <= lines; i++) console.log('line', i)
  console.error('to stderr')
}`

t.test('what tasks have printed in a thread is there when the app has closed, all of it', async (t) => {
  const { code, output } = await run(t, ['app.mjs'], {
    'app.mjs': `${imports}import { print } from './tasks/print.mjs'
      const threads = await openThreads({ tasks: './tasks' }, log)
      const tasks = new Collection({ executions: new Executions({}, [threads]) }, 'continue')
      tasks.add(new Task(print, [2_000]))
      await tasks.run()
      await threads.close()
      process.exitCode = 3`,
    tasks: { 'print.mjs': printing }
  })
  t.equal(code, 3)
  t.equal(output.match(/line/g)?.length, 2_000)
  t.match(output, 'to stderr\n')
})

t.test('in a process that may not create threads, tasks run inline, with one warning', async (t) => {
  const permission = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission'
  const { code, output } = await run(t, [permission, '--allow-fs-read=*', 'app.mjs'], {
    'app.mjs': `${imports}
      import { isMainThread } from 'node:worker_threads'
      import { note } from './tasks/note.mjs'
      const threads = await openThreads({ tasks: './tasks', threads: { max: 4 } }, log)
      const owner = { executions: new Executions({ timeout: 1_000 }, [threads]), completed: () => {} }
      console.log(owner.executions.of(note).name)
      const run = async (first) => {
        const tasks = new Collection(owner, 'continue')
        for (let i = 0; i < 3; i++) tasks.add(new Task(note, [first + i]))
        console.log((await tasks.run()).map(({ message }) => message))
      }
      await Promise.all([run(1), run(11), run(21)])
      await run(31)
      console.log(owner.executions.of(note).name, globalThis.notes.toSorted((a, b) => a - b).join(' '), globalThis.blocks)
      await threads.close()
      console.log('closed')`,
    tasks: {
      'note.mjs': `
        export function note (id) {
          (globalThis.notes ??= []).push(id)
          if (id % 10 === 2) throw new Error('failed ' + id)
        }`
    }
  })
  t.equal(code, 0)
  const lines = output.split('\n')
  t.equal(lines.filter((line) => line.startsWith('warn')).length, 1)
  t.match(output, /background tasks run inline, because no worker thread can be created/)
  t.ok(lines.includes('thread'))
  t.match(output, "[ 'failed 2' ]")
  t.match(output, 'inline 1 2 3 11 12 13 21 22 23 31 32 33 undefined\nclosed\n')
})
