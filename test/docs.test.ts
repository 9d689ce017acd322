import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import t from 'tap'
import { startProgram } from './helpers/program.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = fileURLToPath(new URL('../snippets/', import.meta.url))
/** Snippets as they are written in TypeScript, and what runs: a folder of task modules holds either. */
const [typed, compiled] = [`${folder}typed/`, `${folder}compiled/`]

// Each snippet is a program. One that creates an app closes it at its end.
const epilogues: Array<[RegExp, string]> = [
  [/require\(/, 'app.ready().then(() => app.close())\n'],
  [/^const app = /m, 'await app.close()\n'],
  [/^/, '']
]

const runner = `for (const file of process.argv.slice(1)) {
  await import(file)
  console.log('end of', file)
}`

/** The README and its neighbors, and the guides. */
async function listPages (): Promise<string[]> {
  const lists = await Promise.all(['', 'docs/'].map(async (folder) => {
    return (await readdir(`${root}${folder}`)).map((file) => `${folder}${file}`)
  }))
  return lists.flat().filter((file) => file.endsWith('.md'))
}

/** A page without its code, in which nothing is a heading or a link. */
async function readProse (page: string): Promise<string> {
  return (await readFile(page, 'utf8')).replace(/^```.*?^```$/gms, '')
}

/** The anchors of a page, as GitHub makes them of its headings. */
function anchorsIn (prose: string): Set<string> {
  const anchors = new Set([...prose.matchAll(/<a id="([^"]+)"/g)].map(([, id]) => id as string))
  for (const [, heading = ''] of prose.matchAll(/^#+ (.*)$/gm)) {
    const slug = heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-')
    let anchor = slug
    for (let i = 1; anchors.has(anchor); i++) anchor = `${slug}-${i}`
    anchors.add(anchor)
  }
  return anchors
}

/** Writes the snippets of a page into its own folder. Returns the programs among them, as they will be compiled. */
async function extract (page: string): Promise<string[]> {
  // A free port, as tests of examples may use this one.
  const text = (await readFile(`${root}${page}`, 'utf8')).replaceAll('port: 3000', 'port: 0').replaceAll('listen(3000', 'listen(0')
  const programs: string[] = []

  for (const [i, [, language, snippet = '']] of [...text.matchAll(/^```(ts|js)\n(.*?)^```$/gms)].entries()) {
    // One that begins with the name of a file is that file, for the others to import.
    const name = /^\/\/ (\S+\.[jt]s)$/m.exec(snippet.split('\n', 1)[0] as string)?.[1]
    const extension = language === 'ts' ? 'ts' : /^import /m.test(snippet) ? 'mjs' : 'cjs'
    const path = `${basename(page, '.md')}/${name ?? `snippet-${i + 1}.${extension}`}`
    const file = path.endsWith('.ts') ? typed + path : compiled + path
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, name === undefined ? snippet + epilogues.find(([pattern]) => pattern.test(snippet))?.[1] : snippet)
    if (name === undefined) programs.push(compiled + path.replace(/\.ts$/, '.js'))
  }
  return programs
}

t.test('every snippet of the README and of the guides compiles and runs', async (t) => {
  await rm(folder, { recursive: true, force: true })
  t.teardown(() => rm(folder, { recursive: true, force: true }))

  // Those of the API reference are parts of programs.
  const pages = (await listPages()).filter((page) => page !== 'docs/api.md')
  const programs = await Promise.all(pages.map(extract))
  t.ok(programs.flat().length > 10)

  const compilerOptions = { experimentalDecorators: true } // as NestJS needs them
  await writeFile(`${typed}tsconfig.json`, JSON.stringify({ extends: '../../../tsconfig.json', include: ['.'], compilerOptions }))
  const tsc = startProgram(t, [process.execPath, `${root}node_modules/typescript/bin/tsc`, '-p', typed])
  await build({ entryPoints: [`${typed}**/*.ts`], outdir: compiled, outbase: typed, target: 'node20', tsconfig: `${typed}tsconfig.json` })

  // Those of a page run one after the other in one process.
  for (const files of programs.filter(({ length }) => length > 0)) {
    const { exit, output } = startProgram(t, [process.execPath, '--input-type=module', '--eval', runner, '--', ...files], { cwd: root })
    t.equal(await exit(), 0, output())
    for (const file of files) t.match(output(), `end of ${file}`)
  }
  t.equal(await tsc.exit(), 0, tsc.output())
})

t.test('every link within the repository leads somewhere', async (t) => {
  let links = 0
  for (const page of await listPages()) {
    for (const [, target = ''] of (await readProse(`${root}${page}`)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue // on the web, which a test must not depend on

      links++
      const [path, anchor] = target.split('#')
      const file = path === '' ? `${root}${page}` : join(root, dirname(page), path as string)
      if (anchor === undefined) await t.resolves(stat(file), `${page}: ${target}`)
      else t.ok(anchorsIn(await readProse(file)).has(anchor), `${page}: ${target}`)
    }
  }
  t.ok(links > 10)
})

t.test('the map of lib/ in CONTRIBUTING.md has every file', async (t) => {
  const map = await readFile(`${root}CONTRIBUTING.md`, 'utf8')
  const files = (await readdir(`${root}lib`, { recursive: true })).filter((file) => /\.[jt]s$/.test(file))
  t.same(files.filter((file) => !map.includes(`\`${basename(file).replace(/\.js$/, '.ts')}\``)), [])
})

t.test('the references have every option with its default, every flag, and every error code with its status', async (t) => {
  const read = async (file: string): Promise<string> => await readFile(`${root}${file}`, 'utf8')
  const options = await read('docs/options.md')
  const defaults = [...options.matchAll(/^\| `(\w+)` \| .*? \| (.*?) \|/gm)].map(([, option, value = '']) => `${option}: ${value.replaceAll('`', '')}`)
  const files = ['options', 'worker', 'queue/queue-options', 'threads/thread-options', 'telemetry/metrics', 'core/task-options', 'core/background-tasks']
  for (const file of files) {
    for (const [, name = '', body = ''] of (await read(`lib/${file}.ts`)).matchAll(/^export interface (\w+(?:Options|Settings)) .*?\{\n(.*?)^\}/gms)) {
      const names = [...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, option]) => option as string)
      t.ok(names.length > 0, name)
      t.same(names.filter((option) => !options.includes(`\`${option}`)), [], `${name} in docs/options.md`)
      // Those that are described, and not values, may have other words there.
      const values = [...body.matchAll(/@default (\S+)\s+\*\/\s+(\w+)\??:/g)].map(([, value, option]) => `${option}: ${value}`)
      t.same(values.filter((value) => !defaults.includes(value)), [], `defaults of ${name} in docs/options.md`)
    }
  }

  const flags = (await read('lib/cli.ts')).match(/^ {2}(-h, )?--[\w-]+/gm)?.map((line) => line.replace(/.*(?=--)/, '')) ?? []
  t.ok(flags.length > 5)
  t.same(flags.filter((flag) => !options.includes(`\`${flag}`)), [], 'flags in docs/options.md')

  const errors = await read('docs/errors.md')
  const codes = [...(await read('lib/core/errors.ts')).matchAll(/^ {2}'(FST_BGT_\w+)',\n.*\n {2}(\d+)/gm)].map(([, code, status]) => `\`${code}\` | ${status}`)
  t.ok(codes.length > 10)
  t.same(codes.filter((code) => !errors.includes(`| ${code} |`)), [], 'codes in docs/errors.md')
})

t.test('troubleshooting has each line that is logged as a warning or an error', async (t) => {
  const page = await readFile(`${root}docs/troubleshooting.md`, 'utf8')
  let lines = 0
  for (const file of (await readdir(`${root}lib`, { recursive: true })).filter((file) => file.endsWith('.ts'))) {
    const text = await readFile(`${root}lib/${file}`, 'utf8')
    // The fields come first, and in a call of #write() the level. The page shortens what is long.
    for (const [, message = ''] of text.matchAll(/(?:log\??\.(?:warn|error)\(|#write\(attempt, '(?:warn|error)',)[^]{0,250}?(`[^`]{20,}`|'[^']{20,}')/g)) {
      lines++
      const parts = message.slice(1, -1).split(/\$\{.*?\}/).filter((part) => part.length > 12)
      t.same(parts.map((part) => part.slice(0, 25)).filter((part) => !page.includes(part)), [], message)
    }
  }
  t.ok(lines > 15)
})

t.test('the README names the commands with which a clone starts and is tested', async (t) => {
  const readme = await readFile(`${root}README.md`, 'utf8')
  t.match(readme, /^npm ci && npm start\b/m)
  t.match(readme, /^npm ci && npm test$/m)
})
