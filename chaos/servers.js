// Redis and PostgreSQL of a run's own, on data that survives being killed.
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import pg from 'pg'

async function freePort () {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** A program that serves, to be killed and started again. */
class Instance {
  port
  #command
  #options
  #process

  constructor (port, command, options = {}) {
    this.port = port
    this.#command = command
    this.#options = options
  }

  async start (answers) {
    const [program, ...args] = this.#command
    do {
      // PostgreSQL does not start as long as processes of the one that was killed are there.
      if (this.#process === undefined || this.#process.exitCode !== null || this.#process.signalCode !== null) this.#process = spawn(program, args, { stdio: 'ignore', ...this.#options })
      await sleep(30)
    } while (!await answers(this.port))
  }

  kill (signal = 'SIGKILL') {
    this.#process?.kill(signal)
  }
}

/** Two of them, of which one is the other's replica: `failover` swaps them. Nothing that was confirmed is lost by it. */
export class RedisServer {
  #instances
  #main = 0

  static async start (directory) {
    const server = new RedisServer()
    server.#instances = await Promise.all(['a', 'b'].map(async (name) => {
      const port = await freePort()
      mkdirSync(join(directory, name))
      return new Instance(port, ['redis-server', '--bind', '127.0.0.1', '--port', `${port}`, '--dir', join(directory, name), '--save', '', '--appendonly', 'yes', '--appendfsync', 'always', '--repl-diskless-sync-delay', '0'])
    }))
    await Promise.all(server.#instances.map((instance) => instance.start(redisAnswers)))
    const [a, b] = server.#instances
    await ask(b.port, 'replicaof', '127.0.0.1', a.port)
    return server
  }

  get port () { return this.#instances[this.#main].port }
  url (port) { return `redis://127.0.0.1:${port}` }
  async restart () { await this.#instances[this.#main].start(redisAnswers) }
  kill (signal) { this.#instances[this.#main].kill(signal) }
  async fill () { await ask(this.port, 'config', 'set', 'maxmemory', '1') }
  async empty () { await ask(this.port, 'config', 'set', 'maxmemory', '0') }

  /** False if the replica is not there yet. */
  async failover () {
    const other = this.#instances[1 - this.#main]
    try {
      await ask(this.port, 'failover', 'to', '127.0.0.1', other.port, 'timeout', '3000')
      for (let i = 0; i < 100 && (await ask(other.port, 'role'))[0] !== 'master'; i++) await sleep(50)
    } catch {
      return false
    }
    if ((await ask(other.port, 'role'))[0] !== 'master') return false
    this.#main = 1 - this.#main
    return true
  }

  stop () {
    for (const instance of this.#instances) {
      instance.kill('SIGCONT')
      instance.kill()
    }
  }
}

async function ask (port, ...command) {
  const redis = new Redis(port, '127.0.0.1', { retryStrategy: () => null, maxRetriesPerRequest: 0 }).on('error', () => {})
  try {
    return await redis.call(...command)
  } finally {
    redis.disconnect()
  }
}

const redisAnswers = (port) => ask(port, 'ping').then(() => true, () => false)

export class PostgresServer {
  #instance

  static async start (directory) {
    const bin = readdirSync('/usr/lib/postgresql').map((version) => join('/usr/lib/postgresql', version, 'bin')).filter((bin) => existsSync(join(bin, 'postgres'))).at(-1)
    const data = join(directory, 'postgres')
    mkdirSync(data)
    const user = process.getuid() === 0 ? ownerOf(directory, data) : {} // which root may not run
    execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'root', '--auth', 'trust', '--no-sync'], { ...user, cwd: data, stdio: 'ignore' })
    const server = new PostgresServer()
    const port = await freePort()
    server.#instance = new Instance(port, [join(bin, 'postgres'), '-D', data, '-p', `${port}`, '-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${data}`], { ...user, cwd: data })
    await server.restart()
    return server
  }

  get port () { return this.#instance.port }
  url (port) { return `postgres://root@127.0.0.1:${port}/postgres` }
  async restart () { await this.#instance.start((port) => query(port, 'SELECT 1').then(() => true, () => false)) }
  kill (signal) { this.#instance.kill(signal) }
  /** As a full disk or a standby, it refuses to write. */
  async fill () { await this.#readOnly('on') }
  async empty () { await this.#readOnly('off') }
  stop () { for (const signal of ['SIGCONT', 'SIGKILL']) this.kill(signal) }

  async #readOnly (value) {
    await query(this.port, `ALTER SYSTEM SET default_transaction_read_only = ${value}`)
    await query(this.port, 'SELECT pg_reload_conf()')
  }
}

async function query (port, sql) {
  const client = new pg.Client({ connectionString: `postgres://root@127.0.0.1:${port}/postgres`, connectionTimeoutMillis: 2_000, options: '-c default_transaction_read_only=off' })
  client.on('error', () => {})
  await client.connect()
  try {
    return await client.query(sql)
  } finally {
    await client.end().catch(() => {})
  }
}

function ownerOf (...folders) {
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'postgres'])))
  for (const folder of folders) {
    execFileSync('chown', ['postgres', folder])
    chmodSync(folder, 0o711)
  }
  return { uid, gid }
}
