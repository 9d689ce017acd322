import { build } from 'esbuild'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { openThreads } from '../../lib/open-threads.js'
import { resolveOptions } from '../../lib/options.js'
import { findThreadFile } from '../../lib/threads/thread-file.js'
import { createBareApp } from '../helpers/app.js'

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
    t.match(stdout, 'background tasks have no worker threads, as fastify-background-tasks is in a bundle')
  })
}

t.test('a bundle is never taken for the file that a thread begins with', async (t) => {
  const here = fileURLToPath(new URL('../../lib/threads/', import.meta.url))
  t.equal(findThreadFile(), `${here}thread.js`)
  t.equal(findThreadFile(undefined), `${here}thread.js`)
  for (const url of ['', 'file:///app/bundle.js', 'file:///app/thread-file.js', 'data:text/javascript,thread-file.js']) {
    t.equal(findThreadFile(url), undefined, url)
  }
})

t.test('an app in a bundle has no threads, and a warning in its log', async (t) => {
  const { app, log } = createBareApp(t)
  const tasks = t.testdir({ 'emails.mjs': 'export function send () {}' })
  t.equal(await openThreads(resolveOptions({}), app.log, () => undefined), undefined)
  t.same(log.lines, [], 'who names no task modules misses nothing')
  t.equal(await openThreads(resolveOptions({ tasks }), app.log, () => undefined), undefined)
  t.match(log.lines, [{ level: 40, msg: /no worker threads/ }])
})
