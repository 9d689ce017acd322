import type { DoneFuncWithErrOrRes, FastifyError, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import type { Requests } from './request-tasks.js'

/** The hooks by which an app learns what becomes of a request. */
export function createRequestHooks (requests: Requests) {
  const { awaitTasks } = requests.options
  return {
    /** onRequest: watches the response. */
    watch (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void {
      requests.of(request).watch(reply)
      done()
    },

    /**
     * onSend: the handler has replied. With `enqueue: 'beforeResponse'` the response leaves once the request's tasks are
     * stored; if they cannot be, it is an error.
     */
    settle (request: FastifyRequest, reply: FastifyReply, payload: unknown, done: DoneFuncWithErrOrRes): void {
      const tasks = requests.of(request).watch(reply)
      if (!tasks.storesFirst(reply)) {
        tasks.settled()
        return done()
      }

      tasks.store().then(() => {
        tasks.settled()
        done()
      }, (error: FastifyError) => {
        tasks.settled()
        discard(payload)
        reply.code(error.statusCode as number) // Fastify would leave the status of a handler that has failed
        done(error)
      })
    },

    /** onError: an error is to be the reply. */
    replyFailed (request: FastifyRequest, reply: FastifyReply, _error: FastifyError, done: () => void): void {
      requests.of(request).watch(reply).replyFailed()
      done()
    },

    /** onResponse: the response is over. Returns a promise, or calls `done` at once: a request without tasks pays for no promise. */
    drain (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void | Promise<unknown> {
      const drained = requests.of(request).watch(reply).over()
      if (drained === undefined || !awaitTasks) done()
      else return drained
    }
  }
}

/** A stream that is not sent, Node's or the web's, is to let go of what it reads from. */
function discard (payload: unknown): void {
  const stream = payload instanceof Response ? payload.body : payload
  const { destroy, cancel } = Object(stream) as { destroy?: unknown, cancel?: unknown }
  if (typeof destroy === 'function') destroy.call(stream)
  if (typeof cancel === 'function') Promise.resolve(cancel.call(stream)).catch(() => {})
}
