import { readFile } from 'node:fs/promises'
import t from 'tap'

interface Package { engines?: { node?: string }, dependencies?: Record<string, string> }

const root = new URL('../../', import.meta.url)
const read = async (path: string): Promise<Package> => JSON.parse(await readFile(new URL(`${path}package.json`, root), 'utf8'))

/** The major version from which on a package runs. */
function oldestNode ({ engines }: Package): number {
  return Number(/>=\s*(\d+)/.exec(engines?.node ?? '>=0')?.[1])
}

t.test('each dependency runs on the oldest Node.js that this package admits', async (t) => {
  const own = await read('')
  const names = Object.keys(own.dependencies ?? {})
  t.ok(names.length > 0)
  for (const name of names) t.ok(oldestNode(await read(`node_modules/${name}/`)) <= oldestNode(own), name)
})
