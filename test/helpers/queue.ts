import { Queue, createPostgresBackend } from 'bullmq'
import type { FastifyInstance } from 'fastify'
import { randomUUID } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { BackgroundTasksOptions, QueueOptions } from '../../lib/index.js'
import type { Log } from './app.js'

export const queueTasks = new URL('../fixtures/queue/', import.meta.url)

/** A server that queues can be on. */
export interface QueueServer {
  readonly name: 'Redis' | 'PostgreSQL'
  readonly port: number
  url (port?: number): string
}

const servers: QueueServer[] = [
  { name: 'Redis', port: 6379, url: (port = 6379) => `redis://127.0.0.1:${port}` },
  { name: 'PostgreSQL', port: 5432, url: (port = 5432) => `postgres://root@127.0.0.1:${port}/test` }
]

export async function answers ({ port }: Pick<QueueServer, 'port'>): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true) })
    socket.on('error', () => { resolve(false) })
  })
}

type QueueTest = (t: Test, server: QueueServer) => Promise<void>

/** A test that runs on each server, on both at once where `t.jobs` says so. Without one it is skipped, but for CI, where it fails. */
export async function testOnEach (t: Test, title: string, test: QueueTest): Promise<void> {
  await testOn(servers, t, title, test)
}

/** A test of what is the same on each server: it runs on Redis. */
export async function testOnOne (t: Test, title: string, test: QueueTest): Promise<void> {
  await testOn(servers.slice(0, 1), t, title, test)
}

/** A test of what only PostgreSQL has. */
export async function testOnPostgres (t: Test, title: string, test: QueueTest): Promise<void> {
  await testOn(servers.slice(1), t, title, test)
}

async function testOn (servers: QueueServer[], t: Test, title: string, test: QueueTest): Promise<void> {
  await Promise.all(servers.map(async (server) => {
    const isThere = await answers(server)
    if (!isThere && process.env.CI !== undefined) t.fail(`${server.name} does not answer on port ${server.port}, and must in CI`)
    await t.test(`${title} (${server.name})`, { buffered: true, skip: !isThere && `${server.name} does not answer on port ${server.port}` }, async (t) => { await test(t, server) })
  }))
}

/** A file in which tasks of any process note that they run. */
export class Notes {
  readonly file: string

  constructor (t: Test) {
    this.file = join(t.testdir(), 'notes')
  }

  add (line: unknown): void {
    appendFileSync(this.file, `${JSON.stringify(line)}\n`)
  }

  get lines (): unknown[] {
    if (!existsSync(this.file)) return []
    return readFileSync(this.file, 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as unknown)
  }

  /** Of each line that is a list, what it begins with. */
  get titles (): unknown[] {
    return this.lines.map((line) => Array.isArray(line) ? line[0] : line)
  }

  /** Resolves when there are so many lines. */
  async until (count: number): Promise<void> {
    while (this.lines.length < count) await sleep(10)
  }
}

interface QueueApp {
  readonly app: FastifyInstance
  readonly log: Log
  readonly notes: Notes
  readonly name: string
  /** The same queue, as BullMQ has it. */
  readonly queue: Queue
}

/** An app with a queue of its own. */
export async function createQueueApp (
  t: Test,
  server: QueueServer,
  { queue, ...options }: Omit<BackgroundTasksOptions, 'queue'> & { queue?: Partial<QueueOptions> } = {}
): Promise<QueueApp> {
  const name = queue?.name ?? `test-${randomUUID()}`
  const { createApp } = await import('./app.js')
  const { app, log } = await createApp(t, {
    tasks: queueTasks,
    threads: { max: 1 },
    ...options,
    queue: { connection: server.url(), name, backoff: 20, ...queue }
  })
  return { app, log, name, notes: new Notes(t), queue: openQueue(t, server, name) }
}

/** A queue, as BullMQ has it, until the test ends. */
export function openQueue (t: Test, server: QueueServer, name: string): Queue {
  const queue = server.name === 'Redis'
    ? new Queue(name, { connection: { url: server.url() } as never })
    : new Queue(name, { connection: { connectionString: server.url(), migrate: true } }, createPostgresBackend) as unknown as Queue
  queue.on('error', () => {})
  t.teardown(async () => {
    await queue.obliterate({ force: true }).catch(() => {})
    await queue.close()
  })
  return queue
}

/** What stands between an app and its server, and gives trouble when told to. */
export class Network {
  readonly #sockets = new Set<Socket>()
  readonly #pairs = new Set<[socket: Socket, other: Socket]>()
  #mode: 'passes' | 'hangs' | 'is cut' = 'passes'
  readonly #server = createServer((socket) => { this.#accept(socket) })
  readonly #target: number

  private constructor (target: number) {
    this.#target = target
  }

  static async create (t: Test, server: QueueServer): Promise<Network> {
    const network = new Network(server.port)
    await new Promise<void>((resolve) => network.#server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => {
      network.cut()
      network.#server.close()
    })
    return network
  }

  get port (): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Connections are lost, and none is accepted. */
  cut (): void {
    this.#mode = 'is cut'
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Connections are accepted, and nothing is answered. */
  hang (): void {
    this.#mode = 'hangs'
    for (const socket of this.#sockets) socket.pause().unpipe()
  }

  /** What is sent arrives, and no answer does. */
  mute (): void {
    this.#mode = 'hangs'
    for (const [socket, other] of this.#pairs) other.unpipe(socket).resume()
  }

  /** New connections work again. */
  mend (): void {
    this.#mode = 'passes'
  }

  #accept (socket: Socket): void {
    if (this.#mode === 'is cut') {
      socket.destroy()
      return
    }

    this.#keep(socket)
    if (this.#mode === 'hangs') return

    const other = this.#keep(connect(this.#target, '127.0.0.1'))
    socket.pipe(other).pipe(socket)
    this.#pairs.add([socket, other])
    socket.on('close', () => other.destroy())
    other.on('close', () => socket.destroy())
  }

  #keep (socket: Socket): Socket {
    this.#sockets.add(socket)
    return socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket))
  }
}
