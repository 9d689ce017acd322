import type { FastifyInstance } from 'fastify'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Http2ServerRequest, Http2ServerResponse } from 'node:http2'

/**
 * Recognizes arguments that belong to the server, and can go to no thread or queue.
 *
 * @returns a function that says what such an argument is; `undefined` for any other
 */
export function foreignIn (fastify: FastifyInstance): (value: object) => string | undefined {
  return (value) => {
    if ('routeOptions' in value && 'raw' in value) return 'request' in value ? 'the reply' : 'the request'
    if (value instanceof IncomingMessage || value instanceof Http2ServerRequest) return 'the raw request'
    if (value instanceof ServerResponse || value instanceof Http2ServerResponse) return 'the raw response'
    return value === fastify ? 'the Fastify instance' : undefined
  }
}
