import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hasPngSignature } from 'fast-png'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import backgroundTasks from 'fastify-background-tasks'
import { servePage } from '../look.js'
import { renderThumbnail } from './tasks/images.js'

const largestPicture = 24_000_000

const querySchema = {
  querystring: {
    type: 'object',
    properties: {
      width: { type: 'integer', minimum: 16, maximum: 1024, default: 320 },
      inline: { type: 'boolean', default: false }
    }
  }
}

/** An app that takes pictures, and makes thumbnails in the background. It keeps both in `folder`. */
export async function createApp (folder: string, options: FastifyServerOptions = {}): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({ bodyLimit: 16 * 2 ** 20, genReqId: () => randomUUID(), ...options })

  /** The state of each thumbnail, by the id of its picture, which is that of the upload's request. */
  const thumbnails = new Map<string, 'waiting' | 'made' | 'failed'>()
  const originalOf = (id: string) => join(folder, `${id}.png`)
  const thumbnailOf = (id: string) => join(folder, `${id}.thumbnail.png`)

  await app.register(backgroundTasks, {
    tasks: new URL('./tasks/', import.meta.url),
    onError: 'stop',
    onTaskError: (_error, _task, request) => { if (request) thumbnails.set(request.id, 'failed') }
  })

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('image/png', { parseAs: 'buffer' }, (_request, body, done) => { done(null, body) })

  servePage(app, new URL('page.html', import.meta.url))
  app.get('/ping', { logLevel: 'warn' }, async () => 'pong')

  app.post<{
    Querystring: { width: number, inline: boolean }
    Body?: Buffer
  }>('/images', { schema: querySchema }, async (request, reply) => {
    const { id, query: { width, inline }, body = Buffer.of() } = request
    const size = pictureSize(body)
    if (!size) return reply.code(400).send({ message: 'This is not a PNG picture' })
    if (size > largestPicture) return reply.code(413).send({ message: `A picture may have at most ${largestPicture} pixels` })

    await writeFile(originalOf(id), body)
    thumbnails.set(id, 'waiting')

    if (inline) {
      // A closure stays on the main thread, and blocks it while it computes.
      request.backgroundTasks.addTask(() => renderThumbnail(originalOf(id), thumbnailOf(id), { width }))
    } else {
      // The function itself, as its task module exports it, runs in a worker thread.
      request.backgroundTasks.addTask(renderThumbnail, originalOf(id), thumbnailOf(id), { width })
    }
    request.backgroundTasks.addTask(() => { thumbnails.set(id, 'made') })

    return reply.code(202).header('location', `/images/${id}`).send({ id })
  })

  app.get<{ Params: { id: string } }>('/images/:id', { logLevel: 'warn' }, async ({ params: { id } }, reply) => {
    const thumbnail = thumbnails.get(id)
    if (thumbnail === undefined) return reply.code(404).send({ message: 'There is no such picture' })
    return { id, thumbnail }
  })

  app.get<{ Params: { id: string } }>('/images/:id/thumbnail', async ({ params: { id } }, reply) => {
    if (thumbnails.get(id) !== 'made') return reply.code(404).send({ message: 'There is no such thumbnail, or not yet' })
    return reply.type('image/png').send(await readFile(thumbnailOf(id)))
  })

  return app
}

/** How many pixels a PNG file says it has, or `undefined` for what is no PNG: known without decoding it. */
function pictureSize (file: Buffer): number | undefined {
  if (file.length < 24 || !hasPngSignature(file)) return
  return file.readUInt32BE(16) * file.readUInt32BE(20)
}
