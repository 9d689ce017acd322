import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { childEnv } from './child-env.js'
import { queueTasks } from './queue.js'
import { loader, sourceFile } from './source-file.js'

const cli = fileURLToPath(new URL(sourceFile('../../lib/queue/cli.ts'), import.meta.url))
export const taskFolder = fileURLToPath(queueTasks)

/** The command, in a process of its own. */
export function startCommand (t: Test, ...args: string[]) {
  return startProgram(t, cli, ...args)
}

/** A program of the tests, in a process of its own. */
export function startProgram (t: Test, file: string, ...args: string[]) {
  const child = spawn(process.execPath, [...loader, file, ...args], { env: childEnv(), stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  const noted = (chunk: Buffer) => { output += chunk.toString() }
  child.stdout.on('data', noted)
  child.stderr.on('data', noted)
  const exit = once(child, 'exit')
  return {
    child,
    output: () => output,
    exit: async () => (await exit)[0] as number | null,
    until: async (text: string) => { while (!output.includes(text)) await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data')]) }
  }
}
