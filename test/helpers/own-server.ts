import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Test } from 'tap'
import { answers, type QueueServer } from './queue.js'

/** Where Debian has PostgreSQL: its programs are on nobody's path. */
const postgresRoot = '/usr/lib/postgresql'

/** A server of a test's own, to be killed and started again on the data that it has written. */
export class OwnServer implements QueueServer {
  readonly name: QueueServer['name']
  readonly port: number
  readonly #command: string[]
  readonly #options: object
  #process: ChildProcess | undefined

  /** `undefined` where the server's program is not installed. */
  static async start (t: Test, name: QueueServer['name']): Promise<OwnServer | undefined> {
    const program = name === 'Redis' ? findOnPath('redis-server') : postgresProgram('postgres')
    if (program === undefined) return

    const directory = mkdtempSync(join(tmpdir(), 'own-server-'))
    const user = name === 'PostgreSQL' && process.getuid?.() === 0 ? owner(directory) : {} // which root may not run
    if (name === 'PostgreSQL') execFileSync(postgresProgram('initdb') as string, ['-D', directory, '-U', 'root', '--auth', 'trust'], { ...user, cwd: directory })
    const port = await unusedPort()
    const server = new OwnServer(name, port, name === 'Redis'
      ? [program, '--bind', '127.0.0.1', '--port', `${port}`, '--dir', directory, '--save', '', '--appendonly', 'yes', '--appendfsync', 'always']
      : [program, '-D', directory, '-p', `${port}`, '-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${directory}`], user)
    t.teardown(() => {
      server.kill()
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
    })
    await server.start()
    return server
  }

  private constructor (name: QueueServer['name'], port: number, command: string[], options: object) {
    this.name = name
    this.port = port
    this.#command = command
    this.#options = options
  }

  url (port = this.port): string {
    return this.name === 'Redis' ? `redis://127.0.0.1:${port}` : `postgres://root@127.0.0.1:${port}/postgres`
  }

  async start (): Promise<void> {
    const [program, ...args] = this.#command as [string, ...string[]]
    do {
      // PostgreSQL does not start as long as processes of the one that was killed are there.
      const isRunning = this.#process?.exitCode === null && this.#process.signalCode === null
      if (!isRunning) this.#process = spawn(program, args, { stdio: 'ignore', cwd: tmpdir(), ...this.#options })
      await sleep(20)
    } while (!await this.#isReady())
  }

  /** PostgreSQL accepts connections before it answers questions. */
  async #isReady (): Promise<boolean> {
    if (this.name === 'Redis' || !await answers(this)) return await answers(this)

    const client = new pg.Client(this.url())
    try {
      await client.connect()
      await client.end()
      return true
    } catch {
      return false
    }
  }

  /** As a crash would end it. */
  kill (): void {
    this.#process?.kill('SIGKILL')
    this.#process = undefined
  }
}

/**
 * A port for a server that is killed and started again: below those that the system hands out, so that no connection takes it
 * meanwhile, and another one in each process.
 */
async function unusedPort (): Promise<number> {
  let port = 10_000 + process.pid % 20_000
  while (ports.has(port) || await answers({ port })) port++
  ports.add(port)
  return port
}

const ports = new Set<number>()

function owner (directory: string): { uid: number, gid: number } {
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'postgres']))) as [number, number]
  execFileSync('chown', ['postgres', directory])
  chmodSync(directory, 0o700)
  return { uid, gid }
}

function findOnPath (program: string): string | undefined {
  return process.env.PATH?.split(':').map((folder) => join(folder, program)).find((file) => existsSync(file))
}

function postgresProgram (program: string): string | undefined {
  if (!existsSync(postgresRoot)) return
  return readdirSync(postgresRoot).map((version) => join(postgresRoot, version, 'bin', program)).filter((file) => existsSync(file)).at(-1)
}
