import { build } from 'esbuild'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { findThreadFile, openThreads } from '../../lib/threads/open-threads.js'
import { silent } from '../../lib/core/task-logger.js'

const run = promisify(execFile)

for (const format of ['esm', 'cjs'] as const) {
  t.test(`an application that is bundled with this package runs its tasks inline, and says why (${format})`, async (t) => {
    const folder = t.testdir({
      'app.js': `
        import Fastify from '${import.meta.resolve('fastify')}'
        import backgroundTasks from '${new URL('../../lib/index.js', import.meta.url).href}'
        import { add } from './tasks/math.mjs'
        const app = Fastify({ logger: true })
        app.register(backgroundTasks, { tasks: process.argv[2] })
        app.ready().then(async () => {
          app.backgroundTasks.addTask(add, 1, 2)
          await app.close()
          console.log(app.backgroundTasks.completed, 'completed')
        })`.replaceAll('file://', ''),
      tasks: { 'math.mjs': 'export function add (a, b) { return a + b }' }
    })
    const outfile = `${folder}/bundle.${format === 'esm' ? 'mjs' : 'cjs'}`
    const banner = "import { createRequire as create } from 'module'; const require = create(import.meta.url); const __dirname = '', __filename = ''"
    await build({
      entryPoints: [`${folder}/app.js`],
      outfile,
      bundle: true,
      platform: 'node',
      format,
      logLevel: 'error',
      logOverride: { 'empty-import-meta': 'silent' },
      ...(format === 'esm' && { banner: { js: banner } })
    })

    const { stdout } = await run(process.execPath, [outfile, `${folder}/tasks`])
    t.match(stdout, '1 completed')
    t.match(stdout, 'background tasks run inline: fastify-background-tasks is part of a bundle')
  })
}

t.test('a bundle is never taken for the file that a thread begins with', async (t) => {
  const here = fileURLToPath(new URL('../../lib/threads/thread.js', import.meta.url))
  t.equal(findThreadFile(), here)
  t.equal(findThreadFile(undefined), here)
  for (const url of ['', 'file:///app/bundle.js', 'file:///app/open-threads.js', 'data:text/javascript,open-threads.js']) {
    t.equal(findThreadFile(url), '', url)
  }
})

t.test('an app in a bundle has no threads, and a warning in its log', async (t) => {
  const tasks = t.testdir({ 'emails.mjs': 'export function send () {}' })
  const warnings: unknown[] = []
  const log = { ...silent, warn: (message: unknown) => { warnings.push(message) } }
  t.equal(await openThreads({}, log, ''), undefined)
  t.same(warnings, [], 'without task modules nothing is missing')
  t.equal(await openThreads({ tasks }, log, ''), undefined)
  t.match(warnings, [/tasks run inline: fastify-background-tasks is part of a bundle/])
})
