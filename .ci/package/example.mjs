// `node example.mjs <page> <language>`: does what that page of the package tells a newcomer. Its first two snippets in that
// language are a task module and an app: they are saved and started as they are, asked by the page's curl, and run their tasks.
import { deepEqual, equal } from 'node:assert'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const [page, language] = process.argv.slice(2)
const text = readFileSync(`node_modules/fastify-background-tasks/${page}`, 'utf8')
const snippets = (language) => [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, snippet]) => snippet)
const [users, app] = snippets(language)
const bin = `${process.cwd()}/node_modules/.bin`

mkdirSync(`${language}/tasks`, { recursive: true })
process.chdir(language)
writeFileSync('package.json', '{ "type": "module" }') // npm pkg set type=module
writeFileSync(`tasks/users.${language}`, users)
writeFileSync(`app.${language}`, app.replace('port: 3000', 'port: 0')) // one that is free

if (language === 'js') await run('node', 'app.js')
else {
  writeFileSync('tsconfig.json', snippets('json')[0])
  await run(`${bin}/tsx`, 'app.ts')
  execFileSync(`${bin}/tsc`, { stdio: 'inherit' })
  await run('node', 'dist/app.js')
}

async function run (command, file) {
  const tasks = new Set(['to ada@example.com: Welcome', 'avatar of ada@example.com', 'user created'])
  const server = spawn(command, [file], { stdio: ['ignore', 'pipe', 'inherit'], timeout: 30_000 })
  for await (const line of createInterface({ input: server.stdout })) {
    const [, host] = /Server listening at http:\/\/([^"]+)/.exec(line) ?? []
    if (host !== undefined && tasks.size === 3) {
      const curl = /^curl .*$/m.exec(text)[0].replace('localhost:3000', host)
      equal(execFileSync('bash', ['-c', `${curl} -fsS`], { encoding: 'utf8' }), '{"email":"ada@example.com"}')
    }
    tasks.delete(line)
    if (tasks.size === 0) server.kill()
  }
  if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
  deepEqual([...tasks], [], `${page}, ${file}: tasks that have not run`)
  console.log(`${page}: ${file} has answered, and run its tasks`)
}
