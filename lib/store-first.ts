import type { DoneFuncWithErrOrRes, FastifyReply } from 'fastify'
import { Readable } from 'node:stream'
import type { Exchange } from './exchange.js'

/** An `onSend` hook: the response leaves once the request's tasks are stored; where they cannot be, it is an error. */
export function storeFirst (exchange: Exchange, reply: FastifyReply, payload: unknown, done: DoneFuncWithErrOrRes): void {
  exchange.storeFirst(reply).then(() => {
    exchange.settled()
    done()
  }, (error: Error) => {
    exchange.settled()
    if (payload instanceof Readable) payload.destroy() // it is not sent
    done(error)
  })
}
