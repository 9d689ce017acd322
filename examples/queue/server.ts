// `npm run start:queue`: an API and two workers. By default, QUEUE_URL is redis://127.0.0.1:6379, QUEUE_NAME is orders, PORT is
// 3000, and ORDERS, where tasks write their results, is a new folder.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const { QUEUE_URL = 'redis://127.0.0.1:6379', QUEUE_NAME = 'orders', PORT = '3000' } = process.env
const ORDERS = process.env.ORDERS ?? await mkdtemp(join(tmpdir(), 'orders-'))

/** Where the queue's server listens. */
function addressOf (connection: string): { host: string, port: number } {
  const { protocol, hostname, port } = new URL(connection)
  return { host: hostname, port: Number(port) || (protocol.startsWith('postgres') ? 5432 : 6379) }
}

async function answers (address: { host: string, port: number }): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ ...address, timeout: 2_000 }, () => { resolve(true) })
    socket.on('timeout', () => { resolve(false) })
    socket.on('error', () => { resolve(false) })
  })
}

/** Starts a program in its own group, so that Ctrl-C reaches this process only, which stops the others in turn. */
function start (program: string, ...args: string[]): ChildProcess {
  return spawn(process.execPath, [fileURLToPath(new URL(program, import.meta.url)), ...args], {
    env: { ...process.env, QUEUE_URL, QUEUE_NAME, PORT, ORDERS },
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true
  })
}

/** As `npx fastify-background-tasks worker` does where the package is installed. */
function startWorker (): ChildProcess {
  const tasks = fileURLToPath(new URL('tasks', import.meta.url))
  return start('../../lib/cli.js', 'worker', '--tasks', tasks, '--name', QUEUE_NAME) // its server is QUEUE_URL
}

async function stop (child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

const address = addressOf(QUEUE_URL)
if (!await answers(address)) {
  console.error(`No server answers on ${address.host}:${address.port}. Start one (redis-server, for example), or name another: QUEUE_URL=postgres://…`)
  process.exit(1)
}

const workers = [startWorker(), startWorker()]
const api = start('api.js')
console.log(`Orders are kept in ${ORDERS}; the workers are processes ${workers.map(({ pid }) => pid).join(' and ')}: try kill -9`)

/** The workers stop last: the API may store jobs until it has closed. */
async function stopAll (): Promise<void> {
  await stop(api)
  await Promise.all(workers.map(stop))
  process.exit(api.exitCode ?? 1)
}
let stopping: Promise<void> | undefined
const stopOnce = () => { stopping ??= stopAll() }
process.on('SIGINT', stopOnce)
process.on('SIGTERM', stopOnce)
api.on('exit', stopOnce)
