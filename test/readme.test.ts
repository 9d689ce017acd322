import { execFile } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const folder = fileURLToPath(new URL('snippets/', import.meta.url))

// Each snippet is a program. One that serves is closed when it has come to its end.
const epilogues: Array<[RegExp, string]> = [
  [/require\(/, 'app.ready().then(() => app.close())\n'],
  [/^const app = /m, 'await app.close()\n'],
  [/^/, '']
]

t.test('every snippet of the README compiles and runs', async (t) => {
  const text = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  const snippets = [...text.matchAll(/^```(ts|js)\n(.*?)^```$/gms)].map(([, language, snippet]) => ({ language, snippet }))
  t.ok(snippets.length > 5)

  await rm(folder, { recursive: true, force: true })
  await mkdir(folder)
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const files = await Promise.all(snippets.map(async ({ language, snippet = '' }, i) => {
    const file = `${folder}snippet-${i + 1}.${language === 'ts' ? 'ts' : 'cjs'}`
    await writeFile(file, snippet + epilogues.find(([pattern]) => pattern.test(snippet))?.[1])
    return file
  }))
  await writeFile(`${folder}tsconfig.json`, JSON.stringify({ extends: '../../tsconfig.json', include: ['.'] }))

  await run('npx', ['tsc', '--noEmit', '-p', folder], { cwd: root }).catch(({ stdout }) => t.fail(stdout))
  for (const file of files) {
    await run(process.execPath, ['--import', 'tsx', file], { cwd: root, timeout: 20_000 })
      .then(() => t.pass(file), (error) => t.fail(`${file}: ${error.stderr}`))
  }
})
