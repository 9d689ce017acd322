import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { connect, type ClientHttp2Session, type ClientSessionOptions } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import type { Test } from 'tap'
import backgroundTasks, { type BackgroundTasksOptions } from '../../lib/index.js'

export type LogLine = Record<string, any> & { level: number, msg: string }

/** A logger's stream that keeps its lines. */
export class Log extends Writable {
  readonly lines: LogLine[] = []

  override _write (chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    for (const line of chunk.toString().trim().split('\n')) this.lines.push(JSON.parse(line))
    callback()
  }

  /** Lines with this message. */
  with (msg: string): LogLine[] {
    return this.lines.filter((line) => line.msg === msg)
  }

  /** Lines about tasks that have failed, will be retried, have completed, or were unfinished when the app closed. */
  get failed (): LogLine[] { return this.#about('failed: ').filter(({ err }) => err.code !== 'FST_BGT_UNFINISHED') }
  get retried (): LogLine[] { return this.#about('failed and will be retried: ') }
  get completed (): LogLine[] { return this.#about('completed') }
  get unfinished (): LogLine[] { return this.#about('failed: ').filter(({ err }) => err.code === 'FST_BGT_UNFINISHED') }

  #about (outcome: string): LogLine[] {
    return this.lines.filter(({ msg, task }) => msg.startsWith(`background task "${task}" ${outcome}`))
  }

  get errors (): LogLine[] {
    return this.lines.filter(({ level }) => level >= 50)
  }
}

/** An app with the plugin, closed when the test ends. */
export async function createApp (
  t: Test,
  options: BackgroundTasksOptions = {},
  serverOptions: FastifyServerOptions = {}
): Promise<{ app: FastifyInstance, log: Log }> {
  const { app, log } = createBareApp(t, serverOptions)
  await app.register(backgroundTasks, options)
  return { app, log }
}

/** An app without the plugin, closed when the test ends. */
export function createBareApp (t: Test, serverOptions: FastifyServerOptions = {}): { app: FastifyInstance, log: Log } {
  const log = new Log()
  const logger = serverOptions.logger === false ? false : { level: 'debug', stream: log, ...serverOptions.logger as object }
  const app: FastifyInstance = Fastify({ ...serverOptions, logger })
  t.teardown(() => app.close())
  return { app, log }
}

/** Listens on a free port. */
export async function listen (app: FastifyInstance): Promise<number> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return (app.server.address() as AddressInfo).port
}

/** Listens on a free port, and connects over HTTP/2 until the test ends. */
export async function connectHttp2 (
  t: Test,
  app: { listen: FastifyInstance['listen'], listeningOrigin: string },
  options?: ClientSessionOptions
): Promise<ClientHttp2Session> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  const session = connect(app.listeningOrigin, options)
  t.teardown(() => session.close())
  return session
}
