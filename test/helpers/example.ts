import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Starts an example on a free port, as its npm script does, until the test ends. */
export async function startExample (t: Test, name: string, settings: NodeJS.ProcessEnv) {
  // Without what makes the coverage of this process: the example is none of the library.
  const { NODE_OPTIONS, ...env } = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^_?TAP/.test(name)))
  const server = spawn(process.execPath, ['--import', 'tsx', `examples/${name}/server.ts`], {
    cwd: root,
    env: { ...env, PORT: '0', ...settings },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => server.kill('SIGKILL'))

  let output = ''
  server.stdout.on('data', (chunk) => { output += chunk })
  while (!output.includes('Server listening at')) await once(server.stdout, 'data')
  const [origin = ''] = output.match(/http:\/\/127\.0\.0\.1:\d+/) ?? []
  return { server, origin, output: () => output }
}
