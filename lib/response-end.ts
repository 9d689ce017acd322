import type { FastifyReply, FastifyRequest } from 'fastify'
import { constants, type ServerHttp2Stream } from 'node:http2'
import { Socket } from 'node:net'

/** Calls `listener` when the connection of a response has closed, which may have happened already; perhaps twice. */
export function whenClosed ({ raw, request }: FastifyReply, listener: () => void): void {
  const { stream } = raw as { stream?: ServerHttp2Stream }
  // A response to HEAD over HTTP/2 emits no `close` if its client leaves before the handler has replied. Its stream does.
  ;(stream ?? raw).on('close', listener)

  // A response that gets its turn on a socket which has closed already emits nothing.
  if (stream?.destroyed ?? (raw.destroyed || request.raw.socket.destroyed)) listener()
  else if (raw.socket === null) whenSocketCloses(request.raw.socket, raw, listener)
}

/** Whether the client has got the whole response: on HTTP/1.1, whether all of it was handed to the operating system. */
export function wasSent ({ raw, request }: FastifyReply): boolean {
  if (!raw.writableEnded) return false

  const { stream } = raw as { stream?: ServerHttp2Stream }
  // Not `aborted`: that is only for a stream whose writable side is still open.
  if (stream !== undefined) return stream.rstCode === constants.NGHTTP2_NO_ERROR

  // Once sent, a response has let go of its socket; one to inject() never does, but cannot lose it either. Node 20 emits
  // `finish` for a response whose socket has failed.
  const { socket } = request.raw
  return raw.socket === null ? raw.writableFinished && !socket.errored : !socket.destroyed
}

/** Whether the handler has taken the response into its own hands: it has hijacked it, or written to `reply.raw`. */
export function isWrittenByHand (reply: FastifyReply): boolean {
  return reply.sent || reply.raw.headersSent
}

/**
 * Calls `listener` when a request's connection has closed, for a request whose reply is not known. If nothing will tell,
 * as its connection has closed already or it was injected, at once.
 */
export function whenRequestCloses ({ raw }: FastifyRequest, listener: () => void): void {
  const isInjected = !('stream' in raw) && !(raw.socket instanceof Socket)
  if (raw.destroyed || isInjected) return listener()

  raw.once('close', listener)
  raw.socket.once('close', listener)
}

const queues = new WeakMap<Socket, Set<() => void>>()

/**
 * A response to a pipelined request has no socket until it is its turn, and emits nothing if the socket closes before. One
 * listener serves all the responses in a socket's queue.
 */
function whenSocketCloses (socket: Socket, raw: FastifyReply['raw'], listener: () => void): void {
  const queue = queues.get(socket) ?? new Set()
  if (!queues.has(socket)) {
    queues.set(socket, queue)
    socket.once('close', () => {
      for (const closed of queue) closed()
    })
  }
  queue.add(listener)
  raw.on('close', () => queue.delete(listener))
}
