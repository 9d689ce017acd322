import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { startProgram } from './program.js'
import { queueTasks } from './queue.js'

const cli = fileURLToPath(new URL('../../lib/cli.js', import.meta.url))
export const taskFolder = fileURLToPath(queueTasks)

/** The command, in a process of its own. */
export function startCommand (t: Test, ...args: string[]) {
  return startProgram(t, [process.execPath, cli, ...args])
}
