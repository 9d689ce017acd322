// Fills docs/performance.md with what results/ holds, and draws its charts: `npm run docs`.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { chart } from './chart.js'
import { goalTable, partTables } from './part-tables.js'
import { parts } from './parts/index.js'
import { allResults } from './results.js'

const docs = new URL('../docs/', import.meta.url)
const page = new URL('performance.md', docs)

const results = await allResults()
const versions = Object.keys(results).sort((a, b) => a - b)
// Of each part, the newest Node.js that it was measured on.
const newest = Object.assign({}, ...versions.map((version) => results[version]))

let text = await readFile(page, 'utf8')
fill('goals', goalTable(Object.fromEntries(versions.map((version) => [version, results[version]])), Object.keys(parts)))
for (const name of Object.keys(parts)) {
  const measured = versions.filter((version) => name in results[version])
  fill(name, measured.map((version) => details(version, results[version][name])).join('\n\n'))
}
await writeFile(page, text)

await mkdir(new URL('charts/', docs), { recursive: true })
for (const [name, result] of Object.entries(newest)) {
  if (result.chart === undefined || result.rows.length === 0) continue

  const { group, way, value, isLogarithmic, groups } = result.chart
  const rows = groups === undefined ? result.rows : result.rows.filter((row) => groups.includes(row[group]))
  const bars = rows.map((row) => ({ group: row[group] ?? '', way: row[way], ...pick(row[value]) }))
  const { machine } = result
  const svg = await chart(bars, {
    title: result.title,
    subtitle: `Node.js ${machine.node.slice(1)}, ${machine.cores} cores. Medians of rounds, with their quartiles.`,
    unit: value,
    isLogarithmic
  })
  await writeFile(new URL(`charts/${name}.svg`, docs), svg + '\n')
}

/** Replaces what stands between the marks of a block. */
function fill (block, content) {
  const marks = new RegExp(`(<!-- bench:${block} -->)[^]*?(<!-- /bench:${block} -->)`)
  if (!marks.test(text)) throw new Error(`docs/performance.md has no block "${block}"`)
  text = text.replace(marks, (_, begin, end) => content === '' ? `${begin}\n${end}` : `${begin}\n${content}\n${end}`)
}

function details (version, result) {
  return `<details><summary>Node.js ${version}</summary>\n\n${partTables(result)}\n\n</details>`
}

function pick ({ median, q1, q3 }) {
  return { median, q1, q3 }
}
