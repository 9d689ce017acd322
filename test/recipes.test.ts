import awsLambdaFastify from '@fastify/aws-lambda'
import { fastifyAwilixPlugin } from '@fastify/awilix'
import multipart from '@fastify/multipart'
import { createClient } from '@libsql/client'
import { Controller, Inject, Injectable, Module, Post, Req } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import * as Sentry from '@sentry/node'
import { asFunction, createContainer, Lifetime } from 'awilix'
import type { FastifyRequest } from 'fastify'
import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import t, { type Test } from 'tap'
import backgroundTasks, { defineTask, taskContext } from '../lib/index.js'
import { createApp, createBareApp, listen } from './helpers/app.js'
import { Client } from './helpers/client.js'
import { deferred } from './helpers/promise.js'

// The recipes of docs/recipes.md, docs/idempotency.md and docs/serverless.md, with the packages that they are about.

/** A folder of its own, removed when the test ends. */
async function createFolder (t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'recipes-'))
  t.teardown(() => rm(folder, { recursive: true }))
  return folder
}

function createUpload (content: string): FormData {
  const form = new FormData()
  form.set('avatar', new Blob([content]), 'avatar.txt')
  return form
}

t.test('@fastify/multipart, registered after the plugin, removes its temporary files once the tasks have read them', async (t) => {
  const { app, log } = await createApp(t)
  await app.register(multipart)
  const tmpdir = await createFolder(t)
  const gate = deferred()
  const read = deferred<string>()
  app.post('/', async (request, reply) => {
    const { files: [file] } = await request.saveRequestFiles({ tmpdir })
    request.backgroundTasks.addTask(async (path: string) => {
      await gate.promise
      await readFile(path, 'utf8').then(read.resolve, read.reject)
    }, file!.filepath)
    return reply.code(202).send()
  })
  const response = await fetch(`http://127.0.0.1:${await listen(app)}/`, { method: 'POST', body: createUpload('a picture') })
  t.equal(response.status, 202)
  t.equal((await readdir(tmpdir)).length, 1, 'the response has been sent')
  gate.resolve()
  t.equal(await read.promise, 'a picture')
  await app.close()
  t.same(await readdir(tmpdir), [])
  t.same(log.errors, [])
})

t.test('an upload that the handler writes to a file of its own is there for a task, though its client has disconnected', async (t) => {
  const { app, log } = await createApp(t, { awaitTasks: false })
  await app.register(multipart)
  const folder = await createFolder(t)
  const [written, left, read] = [deferred(), deferred(), deferred<string>()]
  const readUpload = async (path: string) => {
    try {
      await readFile(path, 'utf8').then(read.resolve, read.reject)
    } finally {
      await rm(path)
    }
  }
  app.post('/', async (request, reply) => {
    reply.raw.once('close', () => { left.resolve() })
    const upload = await request.file()
    const path = join(folder, randomUUID())
    await pipeline(upload!.file, createWriteStream(path))
    written.resolve()
    await left.promise
    request.backgroundTasks.addTask(readUpload, path)
    return reply.code(202).send()
  })
  const client = await Client.connect(await listen(app))
  const form = new Response(createUpload('a picture'))
  const body = await form.text()
  client.send('POST', '/', { 'content-type': form.headers.get('content-type')!, 'content-length': Buffer.byteLength(body) }, body)
  await written.promise
  client.hangUp()
  t.equal(await read.promise, 'a picture')
  await app.backgroundTasks.idle()
  t.same(await readdir(folder), [])
  t.same(log.errors, [])
})

t.test('@fastify/awilix, registered after the plugin, disposes the scope of a request once its tasks have ended', async (t) => {
  const { app, log } = await createApp(t)
  const events: string[] = []
  const container = createContainer()
  container.register('mailer', asFunction(() => ({ send: async (to: string) => { events.push(`e-mail to ${to}`) } }), {
    lifetime: Lifetime.SCOPED,
    dispose: () => { events.push('disposed') }
  }))
  await app.register(fastifyAwilixPlugin, { container, disposeOnResponse: true })
  const gate = deferred()
  app.post('/', async (request, reply) => {
    const mailer = request.diScope.resolve<{ send (to: string): Promise<void> }>('mailer')
    request.backgroundTasks.addTask(() => gate.promise)
    request.backgroundTasks.addTask(() => mailer.send('ada@example.com'))
    return reply.code(201).send()
  })
  const response = await fetch(`http://127.0.0.1:${await listen(app)}/`, { method: 'POST' })
  t.equal(response.status, 201)
  t.same(events, [])
  gate.resolve()
  await app.close()
  t.same(events, ['e-mail to ada@example.com', 'disposed'])
  t.same(log.errors, [])
})

t.test('NestJS destroys its providers once the tasks have ended, if Fastify is closed first', async (t) => {
  for (const order of ['Fastify first', 'Nest alone']) {
    const events: string[] = []
    const gate = deferred()

    class Mailer {
      async send (to: string) {
        await gate.promise
        events.push(`e-mail to ${to}`)
      }

      onModuleDestroy () {
        events.push('onModuleDestroy')
        gate.resolve()
      }

      onApplicationShutdown () {
        events.push('onApplicationShutdown')
      }
    }
    class Orders {
      readonly mailer: Mailer
      constructor (mailer: Mailer) { this.mailer = mailer }

      create (request: FastifyRequest) {
        request.backgroundTasks.addTask(() => this.mailer.send('ada@example.com'))
        return 'ok'
      }
    }
    class App {}
    // What the decorators call.
    Injectable()(Mailer)
    Controller('orders')(Orders)
    Inject(Mailer)(Orders, undefined, 0)
    Post()(Orders.prototype, 'create', Object.getOwnPropertyDescriptor(Orders.prototype, 'create')!)
    Req()(Orders.prototype, 'create', 0)
    Module({ controllers: [Orders], providers: [Mailer] })(App)

    const app = await NestFactory.create<NestFastifyApplication>(App, new FastifyAdapter(), { logger: false })
    t.teardown(() => app.close())
    await app.register(backgroundTasks)
    await app.listen(0, '127.0.0.1')
    const fastify = app.getHttpAdapter().getInstance()
    const response = await fetch(`${await app.getUrl()}/orders`, { method: 'POST' })
    t.match([response.status, await response.text()], [201, 'ok'])
    t.same(events, [])

    if (order === 'Fastify first') {
      const closed = fastify.close()
      gate.resolve()
      await closed
    }
    await app.close()
    if (order === 'Fastify first') t.same(events, ['e-mail to ada@example.com', 'onModuleDestroy', 'onApplicationShutdown'])
    else t.same(events, ['onModuleDestroy', 'e-mail to ada@example.com', 'onApplicationShutdown'], 'why the recipe is needed')
  }
})

t.test('a Lambda function that awaits idle() returns when the tasks have ended', async (t) => {
  const { app } = await createApp(t)
  const events: string[] = []
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      events.push('task')
    })
    return 'ok'
  })
  const proxy = awsLambdaFastify(app)
  const handler = async (event: object, context: object) => {
    const response = await proxy(event, context as never)
    events.push('response')
    await app.backgroundTasks.idle()
    return response
  }
  for (let call = 0; call < 2; call++) {
    events.length = 0
    const response = await handler({ rawPath: '/', requestContext: { http: { method: 'GET' } } }, {})
    t.match(response, { statusCode: 200, body: 'ok' })
    t.same(events, ['response', 'task'])
  }
})

t.test('Sentry gets the error of a task from onTaskError, with the scope of its request', async (t) => {
  const sent: Sentry.Event[] = []
  Sentry.init({
    dsn: 'https://key@sentry.example/1',
    beforeSend (event) {
      sent.push(event)
      return null // nothing leaves the test
    }
  })
  t.teardown(() => Sentry.close())

  const { app } = await createApp(t, {
    onTaskError (error, task, request) {
      Sentry.captureException(error, { tags: { task: task.name }, extra: { reqId: request?.id } })
    }
  })
  const ids = new Map<string, string>()
  const both = deferred()
  app.get<{ Params: { user: string } }>('/:user', async (request) => {
    const { user } = request.params
    ids.set(user, request.id)
    Sentry.setUser({ id: user })
    request.backgroundTasks.addTask(async function charge () { throw new Error(`no money of ${user}`) })
    if (ids.size === 2) both.resolve()
    await both.promise
    return 'ok'
  })
  const port = await listen(app)
  await Promise.all(['ada', 'bob'].map((user) => fetch(`http://127.0.0.1:${port}/${user}`)))
  await app.backgroundTasks.idle()
  await Sentry.flush(5_000)
  t.equal(sent.length, 2)
  for (const event of sent) {
    const id = String(event.user?.id)
    t.match(event, { tags: { task: 'charge' }, extra: { reqId: ids.get(id) }, exception: { values: [{ value: `no money of ${id}` }] } })
  }
})

t.test('the id of a task as primary key keeps a second attempt from a second row', async (t) => {
  const { app } = await createApp(t, { backoff: 1 })
  const database = createClient({ url: ':memory:' })
  t.teardown(() => { database.close() })
  await database.execute('CREATE TABLE audit (id TEXT PRIMARY KEY, event TEXT)')
  const audit = defineTask(async (event: string) => {
    const { id, attempt } = taskContext()!
    await database.execute({ sql: 'INSERT INTO audit VALUES (?, ?) ON CONFLICT (id) DO NOTHING', args: [id, event] })
    if (attempt < 3) throw new Error('the connection was lost after the insert')
  }, { retries: 3 })
  app.delete('/', async (request, reply) => {
    for (const event of ['first', 'second']) request.backgroundTasks.addTask(audit, event)
    return reply.code(204).send()
  })
  await app.inject({ method: 'DELETE', url: '/' })
  await app.backgroundTasks.idle()
  t.match((await database.execute('SELECT event FROM audit ORDER BY event')).rows, [{ event: 'first' }, { event: 'second' }])
  t.match(app.backgroundTasks, { completed: 2, failed: 0 })
})

t.test('an HTTP API gets the same idempotency key with each attempt, also after a timeout', async (t) => {
  const { app: bank } = createBareApp(t, { forceCloseConnections: true })
  const charges = new Map<string, number>()
  let requests = 0
  bank.post<{ Body: { cents: number } }>('/charges', async (request) => {
    charges.set(String(request.headers['idempotency-key']), request.body.cents)
    if (++requests === 1) await new Promise((resolve) => request.raw.socket.once('close', resolve)) // charged, and no response
    return 'charged'
  })
  const url = `http://127.0.0.1:${await listen(bank)}/charges`
  const charge = defineTask(async (cents: number) => {
    const { id, signal } = taskContext()!
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': id },
      body: JSON.stringify({ cents }),
      signal
    })
    if (!response.ok) throw new Error(`the bank answered ${response.status}`)
  }, { timeout: 1_000, retries: 5 })

  const { app } = await createApp(t, { backoff: 1 })
  const { id } = app.backgroundTasks.addTask(charge, 500)
  await app.backgroundTasks.idle()
  t.ok(requests > 1)
  t.same([...charges], [[id, 500]])
  t.match(app.backgroundTasks, { completed: 1, failed: 0 })
})

t.test('a method in a closure keeps its "this"; passed by itself it fails', async (t) => {
  class Mailer {
    readonly sent: string[] = []
    async send (to: string) { this.sent.push(to) }
  }
  const mailer = new Mailer()
  const { app, log } = await createApp(t)
  app.get('/', async (request) => {
    request.backgroundTasks.addTask(() => mailer.send('ada@example.com'))
    request.backgroundTasks.addTask(mailer.send, 'bob@example.com')
    return 'ok'
  })
  await app.inject('/')
  await app.backgroundTasks.idle()
  t.same(mailer.sent, ['ada@example.com'])
  t.match(log.failed, [{ task: 'send', err: { type: 'TypeError' } }])
})
