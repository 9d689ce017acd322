import type { DoneFuncWithErrOrRes, FastifyReply } from 'fastify'
import type { Exchange } from './exchange.js'

/** An `onSend` hook: the response leaves once the request's tasks are stored; where they cannot be, it is an error. */
export function storeFirst (exchange: Exchange, reply: FastifyReply, payload: unknown, done: DoneFuncWithErrOrRes): void {
  exchange.storeFirst(reply).then(() => {
    exchange.settled()
    done()
  }, (error: Error & { statusCode: number }) => {
    exchange.settled()
    discard(payload)
    reply.code(error.statusCode) // Fastify would leave the status of a handler that has failed
    done(error)
  })
}

/** A stream that is not sent, Node's or the web's, is to let go of what it reads from. */
function discard (payload: unknown): void {
  const stream = payload instanceof Response ? payload.body : payload
  const { destroy, cancel } = Object(stream) as { destroy?: unknown, cancel?: unknown }
  if (typeof destroy === 'function') destroy.call(stream)
  if (typeof cancel === 'function') Promise.resolve(cancel.call(stream)).catch(() => {})
}
