import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Test } from 'tap'

type Lib = typeof import('../../lib/index.js')

/** The package as the tests have it, and a copy of it, as another dependency might bring one. */
export async function importCopies (t: Test): Promise<[Lib, Lib]> {
  const folder = t.testdir({ 'package.json': '{ "type": "module" }' })
  cpSync(fileURLToPath(new URL('../../lib/', import.meta.url)), join(folder, 'lib'), { recursive: true })
  return [await import('../../lib/index.js'), await import(pathToFileURL(join(folder, 'lib/index.js')).href) as Lib]
}
