import { readFileSync } from 'node:fs'
import { delimiter, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { startProgram } from './program.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))

const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { scripts: Record<string, string> }

/** Runs an npm script as npm would, but for the compilation that it begins with. */
export function runScript (t: Test, script: string, settings: NodeJS.ProcessEnv = {}) {
  const command = scripts[script]?.replace(/^node test\/build\.js && /, '').split(' ') as [string, ...string[]]
  // This very Node.js before another one.
  const path = [dirname(process.execPath), `${root}node_modules/.bin`, process.env.PATH].join(delimiter)
  return startProgram(t, command, { cwd: root, env: { PATH: path, ...settings } })
}

/** Starts an example on a free port, as its npm script does, until the test ends. */
export async function startExample (t: Test, name: string, settings: NodeJS.ProcessEnv = {}) {
  const { child: server, output, until } = runScript(t, name === 'signup' ? 'start' : `start:${name}`, { PORT: '0', ...settings })
  await until('Server listening at')
  const [origin = ''] = output().match(/http:\/\/(127\.0\.0\.1|\[::1\]):\d+/) ?? []
  return { server, origin, output, until }
}
