import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Test } from 'tap'

/** The environment of the tests, without what tap hands to the processes whose coverage it measures. */
function plainEnv (): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'NODE_OPTIONS' && !/^_?TAP/.test(name)))
}

/** A program in a process of its own, until the test ends. */
export function startProgram (t: Test, [command, ...args]: [string, ...string[]], options: { cwd?: string, env?: NodeJS.ProcessEnv } = {}) {
  // tap adds its loader to each process that a test starts, which slows down the process and each of its threads: env(1)
  // removes it again.
  const child = spawn('env', ['-u', 'NODE_OPTIONS', command, ...args], {
    cwd: options.cwd,
    env: { ...plainEnv(), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  t.teardown(() => child.kill('SIGKILL'))

  let output = ''
  const note = (chunk: Buffer) => { output += chunk.toString() }
  child.stdout.on('data', note)
  child.stderr.on('data', note)
  const closed = once(child, 'close') as Promise<[code: number | null]>
  return {
    child,
    /** What it has written, to both streams. */
    output: () => output,
    /** Resolves when it has ended, with its exit code. */
    exit: async () => (await closed)[0],
    /** Resolves when it has written this text; rejects when it ends before. */
    until: async (text: string) => {
      const ended = closed.then(([code]) => { throw new Error(`it has ended with ${code}, without "${text}": ${output}`) })
      ended.catch(() => {})
      while (!output.includes(text)) await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), ended])
    }
  }
}
