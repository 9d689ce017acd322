import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { partTables } from './part-tables.js'

const folder = new URL('results/', import.meta.url)

function base (version, quick) {
  return new URL(`${quick ? 'quick/' : ''}node-${/\d+/.exec(version)[0]}`, folder)
}

/** What was measured on a version of Node.js, by the names of the parts. */
export async function resultsOf (version, quick = false) {
  try {
    return JSON.parse(await readFile(`${base(version, quick).pathname}.json`, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return {}
    throw error
  }
}

/** What was measured, by versions of Node.js: `{ 20: { overhead: … } }`. */
export async function allResults () {
  const versions = (await readdir(folder)).map((file) => /^node-(\d+)\.json$/.exec(file)?.[1]).filter(Boolean)
  return Object.fromEntries(await Promise.all(versions.map(async (version) => [version, await resultsOf(version)])))
}

/** Writes them as JSON and as Markdown. */
export async function saveResults (results, version, quick = false) {
  const { pathname } = base(version, quick)
  await mkdir(new URL('.', base(version, quick)), { recursive: true })
  await writeFile(`${pathname}.json`, JSON.stringify(results, null, 2) + '\n')
  const pages = Object.entries(results).map(([name, result]) => `## ${name}\n\n${result.title}.\n\n${partTables(result)}\n`)
  await writeFile(`${pathname}.md`, `# Node.js ${version}\n\n${pages.join('\n')}`)
}
