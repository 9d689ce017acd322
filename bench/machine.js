import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

const packages = ['fastify', 'autocannon', 'piscina', 'fastify-piscina', 'bullmq', 'fastify-background-tasks']

/** What the figures were measured with. */
export function machine () {
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    versions: Object.fromEntries(packages.map((name) => [name, versionOf(name)])),
    cpu: cpus()[0].model,
    cores: availableParallelism(),
    memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
    system: `${type()} ${release()}`
  }
}

function versionOf (name) {
  // Not every package lets its package.json be required by name.
  const folder = require.resolve.paths(name).map((path) => `${path}/${name}/package.json`)
  for (const file of folder) {
    try {
      return require(file).version
    } catch {}
  }
}
