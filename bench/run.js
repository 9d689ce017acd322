// The bench: `npm run bench`, `npm run bench -- threads queue` for some of its parts, `-- --quick` for a short run of each
// that tells only whether it works. What it has measured goes to results/, that of a quick run to results/quick/.
import { parseArgs } from 'node:util'
import { machine } from './machine.js'
import { partTables } from './part-tables.js'
import { parts } from './parts/index.js'
import { resultsOf, saveResults } from './results.js'

const { values: { quick }, positionals } = parseArgs({ allowPositionals: true, options: { quick: { type: 'boolean', default: false } } })
const unknown = positionals.filter((name) => !(name in parts))
if (unknown.length > 0) throw new Error(`There is no part ${unknown.join(', ')}: ${Object.keys(parts).join(', ')}`)

const { node, cpu, cores } = machine()
console.log(`Node ${node}, ${cores} cores (${cpu})${quick ? ', quick: the figures mean nothing' : ''}`)

for (const name of positionals.length > 0 ? positionals : Object.keys(parts)) {
  console.log(`\n== ${name}: ${parts[name].title}`)
  const start = performance.now()
  try {
    const result = await parts[name].measure(quick)
    if (result.skipped) console.log(`  skipped: ${result.skipped}`)
    console.log(partTables(result))
    const results = await resultsOf(process.version, quick)
    await saveResults({ ...results, [name]: { title: parts[name].title, machine: machine(), ...result } }, process.version, quick)
  } catch (error) {
    console.error(`  failed: ${error.stack}`)
    process.exitCode = 1
  }
  console.log(`  (${((performance.now() - start) / 1e3).toFixed(0)} s)`)
}
