// A harness that finds nothing is suspected. `npm run plant` plants faults in copies of the library, one each, and shows whether
// the harness finds them. It exits with 1 unless each is found.
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What each fault changes in `dist`, and the rule that must find it. */
const plants = {
  'a task is dropped at the close': {
    file: 'core/task-tracker.js',
    changes: [['async close() {', 'async close() {\n        for (const collection of this.#collections) collection.discard?.();']],
    rule: 'nothing accepted is lost'
  },
  'a task is run twice': {
    file: 'core/collection.js',
    changes: [['this.owner.completed?.(attempt);', 'this.owner.completed?.(attempt); if (Math.random() < 0.01) this.#append(attempt.task);']],
    rule: 'a task runs once, unless a fault explains more'
  },
  'two tasks are swapped': {
    file: 'core/collection.js',
    changes: [['this.#append(task);\n        owner.added', 'if (this.#first !== undefined && this.#pass === undefined && Math.random() < 0.05) this.#first = Object.assign(task, { next: this.#first }); else this.#append(task);\n        owner.added']],
    rule: 'order holds'
  },
  'a slot is not given back': {
    file: 'core/slots.js',
    changes: [
      ['const begin = async () => {', 'let end;\n    const ended = new Promise((resolve) => { end = resolve; });\n    const begin = async () => {'],
      ['return await Promise.race([run(), left]);', 'await Promise.race([run(), left]); end(); if (Math.random() < 0.03) await new Promise(() => {});'],
      ['Promise.race([left, limit(begin)])', 'Promise.race([left, ended, limit(begin)])']
    ],
    rule: 'nothing accepted is lost'
  },
  'a record is forgotten': {
    file: 'queue/held-job.js',
    changes: [['await this.#answer(this.#job.updateProgress', 'if (Math.random() < 0.5) await this.#answer(this.#job.updateProgress']],
    rule: 'a task runs once, unless a fault explains more',
    server: 'redis'
  }
}

/** A copy of the library and of the harness, with the fault. */
function copy (directory, { file, changes }) {
  const modules = join(directory, 'node_modules')
  const library = join(modules, 'fastify-background-tasks')
  mkdirSync(library, { recursive: true })
  cpSync(join(root, 'dist'), join(library, 'dist'), { recursive: true })
  cpSync(join(root, 'package.json'), join(library, 'package.json'))
  for (const name of readdirSync(join(root, 'node_modules'))) symlinkSync(join(root, 'node_modules', name), join(modules, name))
  cpSync(join(root, 'chaos'), join(directory, 'chaos'), { recursive: true, filter: (path) => !path.includes('chaos/node_modules') })

  const path = join(library, 'dist', file)
  let text = readFileSync(path, 'utf8')
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`${file} has changed: there is no ${from}`)
    text = text.replace(from, () => to)
  }
  writeFileSync(path, text)
}

async function find (name, plant) {
  const directory = mkdtempSync(join(tmpdir(), 'chaos-plant-'))
  try {
    copy(directory, plant)
    const args = ['--minutes', '0.3', '--wait', '15', '--server', plant.server ?? 'none', '--seed', '1', ...(plant.rule.startsWith('nothing') ? [] : ['--no-faults'])]
    const run = spawn(process.execPath, ['run.js', ...args], { cwd: join(directory, 'chaos'), stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    for await (const data of run.stdout) output += data
    const isFound = output.includes(`NOT OK - ${plant.rule}`)
    const rules = [...output.matchAll(/^NOT OK - (.*): (\d+) times/gm)].map(([, rule, count]) => `${rule} (${count})`)
    console.log(`${isFound ? 'found' : 'NOT FOUND'} - ${name}: ${rules.join('; ')}`)
    if (isFound) console.log(output.slice(output.indexOf(`NOT OK - ${plant.rule}`)).split('\n').slice(1, 9).map((line) => `  ${line.slice(0, 220)}`).join('\n'))
    else console.log(output)
    return isFound
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const found = await Promise.all(Object.entries(plants).map(([name, plant]) => find(name, plant)))
process.exitCode = found.every(Boolean) ? 0 : 1
