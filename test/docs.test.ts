import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
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

/** Writes the snippets of a page into a folder of its own, and gives the programs among them. */
async function extract (page: string): Promise<string[]> {
  const text = await readFile(`${root}${page}`, 'utf8')
  const programs: string[] = []

  for (const [i, [, language, snippet = '']] of [...text.matchAll(/^```(ts|js)\n(.*?)^```$/gms)].entries()) {
    // One that begins with the name of a file is that file, for the others to import.
    const name = /^\/\/ (\S+\.[jt]s)$/m.exec(snippet.split('\n', 1)[0] as string)?.[1]
    const file = `${folder}${basename(page, '.md')}/${name ?? `snippet-${i + 1}.${language === 'ts' ? 'ts' : 'cjs'}`}`
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, name === undefined ? snippet + epilogues.find(([pattern]) => pattern.test(snippet))?.[1] : snippet)
    if (name === undefined) programs.push(file)
  }
  return programs
}

t.test('every snippet of the README and of the guides compiles and runs', async (t) => {
  await rm(folder, { recursive: true, force: true })
  t.teardown(() => rm(folder, { recursive: true, force: true }))

  const pages = ['README.md', ...(await readdir(`${root}docs`)).map((page) => `docs/${page}`)].filter((page) => page.endsWith('.md'))
  const programs = (await Promise.all(pages.map(extract))).flat()
  t.ok(programs.length > 10)

  await writeFile(`${folder}tsconfig.json`, JSON.stringify({ extends: '../../tsconfig.json', include: ['.'] }))
  await run('npx', ['tsc', '--noEmit', '-p', folder], { cwd: root }).catch(({ stdout }) => t.fail(stdout))
  for (const file of programs) {
    await run(process.execPath, ['--import', 'tsx', file], { cwd: root, timeout: 20_000 })
      .then(() => t.pass(file), (error) => t.fail(`${file}: ${error.stderr}`))
  }
})
