// `node example.mjs <page> <language>`: does what that page of the package tells a newcomer. Its first program in that language,
// and the modules that stand before it, are saved and started as they are, and called by the page's curl. The server gets
// SIGTERM as soon as it has responded: its tasks must run all the same, and it must exit with 0.
import { deepEqual, equal } from 'node:assert'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'

const printed = {
  'README.md': ['to ada@example.com: Welcome'],
  'docs/getting-started.md': ['to ada@example.com: Welcome', 'avatar of ada@example.com', 'user created']
}

const [page, language] = process.argv.slice(2)
const text = readFileSync(`node_modules/fastify-background-tasks/${page}`, 'utf8')
const snippets = (language) => [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, snippet]) => snippet)
const bin = `${process.cwd()}/node_modules/.bin`

mkdirSync(language)
process.chdir(language)
writeFileSync('package.json', '{ "type": "module" }') // npm pkg set type=module
for (const snippet of snippets(language)) {
  const [, module] = /^\/\/ (\S+\.[jt]s)\n/.exec(snippet) ?? []
  const file = module ?? `app.${language}`
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, snippet.replace('port: 3000', 'port: 0')) // one that is free
  if (module === undefined) break
}

if (language === 'js') await run('node', 'app.js')
else {
  writeFileSync('tsconfig.json', snippets('json')[0])
  await run(`${bin}/tsx`, 'app.ts')
  execFileSync(`${bin}/tsc`, { stdio: 'inherit' })
  await run('node', 'dist/app.js')
}

async function run (command, file) {
  const tasks = new Set(printed[page])
  const server = spawn(command, [file], { stdio: ['ignore', 'pipe', 'inherit'], timeout: 30_000 })
  const exit = once(server, 'exit')
  let isCalled = false
  for await (const line of createInterface({ input: server.stdout })) {
    const [, host] = /Server listening at http:\/\/([^"]+)/.exec(line) ?? []
    if (host !== undefined && !isCalled) {
      isCalled = true
      const curl = /^curl .*$/m.exec(text)[0].replace('localhost:3000', host)
      equal(execFileSync('bash', ['-c', `${curl} -fsS`], { encoding: 'utf8' }), '{"email":"ada@example.com"}')
      server.kill()
    }
    tasks.delete(line)
  }
  deepEqual([...tasks], [], `${page}, ${file}: tasks that have not run`)
  deepEqual(await exit, [0, null], `${page}, ${file}: exit code and signal`)
  console.log(`${page}: ${file} has responded, run its tasks, and exited with 0`)
}
