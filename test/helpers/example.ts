import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { delimiter, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { childEnv } from './child-env.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

const { scripts } = createRequire(import.meta.url)('fastify-background-tasks/package.json') as { scripts: Record<string, string> }

/** The command of an npm script, without the build that goes before it. */
export function commandOf (script: string): [command: string, ...args: string[]] {
  const [command = '', ...args] = scripts[script]?.replace(/^npm run build && /, '').split(' ') ?? []
  return [command, ...args]
}

/** Runs a command as npm would. */
export function runCommand (t: Test, [command, ...args]: [string, ...string[]], settings: NodeJS.ProcessEnv = {}) {
  const env = childEnv()
  // This very Node.js before another one.
  const path = [dirname(process.execPath), `${root}node_modules/.bin`, `${root}../node_modules/.bin`, env.PATH].join(delimiter)
  const child = spawn(command, args, { cwd: root, env: { ...env, PATH: path, ...settings }, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))

  let output = ''
  child.stdout.on('data', (chunk) => { output += chunk })
  return { child, output: () => output }
}

/** Starts an example on a free port, as its npm script does, until the test ends. */
export async function startExample (t: Test, name: string, settings: NodeJS.ProcessEnv = {}, command?: [string, ...string[]]) {
  command ??= ['node', '--import', 'tsx', `examples/${name}/server.ts`]
  const { child: server, output } = runCommand(t, command, { PORT: '0', ...settings })
  while (!output().includes('Server listening at')) await once(server.stdout, 'data')
  const [origin = ''] = output().match(/http:\/\/(127\.0\.0\.1|\[::1\]):\d+/) ?? []
  return { server, origin, output }
}
