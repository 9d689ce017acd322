import type { DoneFuncWithErrOrRes, FastifyReply, FastifyRequest } from 'fastify'
import { exchangeOf } from './exchange.js'

/**
 * An `onSend` hook: the handler has settled. With `enqueue: 'beforeResponse'` the response leaves once the request's tasks
 * are stored; where they cannot be, it is an error.
 */
export function settleOrStoreFirst (request: FastifyRequest, reply: FastifyReply, payload: unknown, done: DoneFuncWithErrOrRes): void {
  const exchange = exchangeOf(request)?.watch(reply)
  if (exchange?.storesFirst !== true) {
    exchange?.settled()
    return done()
  }

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
