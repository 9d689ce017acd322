// `node test/build.js` compiles `lib`, `test` and `examples` into `build/`, where tests and examples run as JavaScript.
// It checks no types: `npm run types` does. A function within another one gets another name where both have the same:
// the names of tasks that a test looks at are its own.
import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const folders = ['lib', 'test', 'examples']

/** These run as TypeScript: they show that an application can. */
const keptAsTypeScript = join('examples', 'typescript')

const files = folders.flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ parentPath, name }) => join(parentPath, name).slice(root.length)))

/** Compiles the files with this extension; TypeScript calls the result by another one. */
async function compile (extension, compiled) {
  const entryPoints = files.filter((file) => file.endsWith(extension) && !file.endsWith('.d.ts') && !file.startsWith(keptAsTypeScript))
  await build({
    absWorkingDir: root,
    entryPoints,
    outbase: '.',
    outdir: 'build',
    outExtension: { '.js': compiled },
    target: 'node20',
    sourcemap: 'linked', // stack traces and coverage are those of the TypeScript
    sourcesContent: false,
    logLevel: 'warning'
  })
  return entryPoints
}

rmSync(join(root, 'build'), { recursive: true, force: true })
const compiled = new Set((await Promise.all([compile('.ts', '.js'), compile('.cts', '.cjs')])).flat())
for (const file of files) if (!compiled.has(file)) cpSync(join(root, file), join(root, 'build', file))

// By this, `import 'fastify-background-tasks'` in an example or a snippet finds the compiled lib.
writeFileSync(join(root, 'build', 'package.json'), JSON.stringify({
  name: 'fastify-background-tasks',
  type: 'module',
  exports: { '.': './lib/index.js', './worker': './lib/worker.js' }
}))
