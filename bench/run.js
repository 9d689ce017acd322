// The bench: `npm run bench`, `npm run bench -- threads queue` for some of its parts, `-- --quick` for a moment of each that
// tells only whether it works. `-- --save` writes what was measured to RESULTS.md, and draws the charts of the docs.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { chart } from './chart.js'
import { parts } from './parts/index.js'

const { values: { quick, save }, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, save: { type: 'boolean', default: false } }
})
const unknown = positionals.filter((name) => !(name in parts))
if (unknown.length > 0) throw new Error(`There is no part ${unknown.join(', ')}: ${Object.keys(parts).join(', ')}`)

const node = Number(/\d+/.exec(process.version)[0])
const rows = []
const charts = []
let versions = ''
for (const name of positionals.length > 0 ? positionals : Object.keys(parts)) {
  const start = performance.now()
  console.log(`== ${name}`)
  const result = await parts[name].measure(quick, node)
  rows.push(...result.rows)
  if (result.chart !== undefined) charts.push([name, result.chart])
  if (result.versions !== undefined) versions = `, ${result.versions}`
  console.log(result.rows.map((row) => `  ${cells(row).join(' | ')}`).join('\n'))
  console.log(`  (${((performance.now() - start) / 1e3).toFixed(0)} s)`)
}

const { version } = await packageOf('fastify')
const heading = `## Node.js ${node}`
const section = [
  heading, '',
  `${new Date().toISOString().slice(0, 10)}, Node.js ${process.version.slice(1)}, ${availableParallelism()} cores (${cpus()[0].model}), ${Math.round(totalmem() / 2 ** 30)} GB. Fastify ${version}, BullMQ ${(await packageOf('bullmq')).version}, Piscina ${(await packageOf('piscina')).version}${versions}.`, '',
  '| compared | by CPU time | by throughput | goal | met | measured |',
  '| --- | ---: | ---: | ---: | --- | --- |',
  ...rows.map((row) => `| ${cells(row).join(' | ')} |`)
].join('\n')
console.log(`\n${section}`)
if (save && !quick) await saveResults()

/** What a row of the table says. The goal is one by CPU time, where that was measured. */
function cells ({ compared, cpu, throughput, goal, isAtMost = false, measured }) {
  const { median } = cpu ?? throughput
  const met = goal === undefined ? '' : (isAtMost ? median <= goal : median >= goal) ? 'yes' : 'no'
  return [compared, cpu === undefined ? '' : spread(cpu), spread(throughput), goal === undefined ? '' : `${isAtMost ? 'at most ' : ''}${goal}`, met, measured]
}

/** A median, with its quartiles. */
function spread ({ median, q1, q3 }) {
  return `${format(median)} (${format(q1)} to ${format(q3)})`
}

function format (number) {
  return number >= 100 ? Math.round(number) : number >= 10 ? number.toFixed(1) : number.toFixed(2)
}

async function packageOf (name) {
  return JSON.parse(await readFile(new URL(`node_modules/${name}/package.json`, import.meta.url), 'utf8'))
}

/** Replaces the section of this version of Node.js. */
async function saveResults () {
  const file = new URL('RESULTS.md', import.meta.url)
  const text = await readFile(file, 'utf8')
  const [intro, ...sections] = text.trim().split(/\n\n(?=## )/)
  const others = sections.filter((other) => !other.startsWith(`${heading}\n`))
  await writeFile(file, `${[intro, ...[...others, section].sort()].join('\n\n')}\n`)

  const folder = new URL('../docs/charts/', import.meta.url)
  await mkdir(folder, { recursive: true })
  for (const [name, bars] of charts) await writeFile(new URL(`${name}.svg`, folder), chart({ ...bars, subtitle: `Node.js ${node}, median. Less is better.` }))
}
