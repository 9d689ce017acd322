import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction, RouteOptions } from 'fastify'
import { exchangeOf, kDrainsLast, type Exchange } from './exchange.js'

// Tasks are drained in an `onResponse` hook, after those of all other plugins. A route's own hooks run after the
// instance's, and what `after` adds to them comes after what other `onRoute` hooks have added. But Fastify calls
// `onRoute` neither for routes that were there before the plugin was, nor for not-found handlers: for these there is a
// hook of the instance, which lets the others go first.

/** An `onRoute` hook: gives the route a last `onResponse` hook, that drains. */
export function drainLast (this: FastifyInstance, route: RouteOptions): void {
  route.config = { ...route.config, [kDrainsLast]: true } as RouteOptions['config']
  this.after(() => {
    route.onResponse = [route.onResponse ?? [], drainOrGoOn].flat()
  })
}

/** An `onResponse` hook of the instance: drains where the route has no hook to do it. */
export function drainAfterOthers (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void {
  done()
  const exchange = exchangeOf(request)
  if (exchange?.hasTasks && !exchange.isOver && !exchange.drainsLast) drain(exchange, reply)
}

/** Returns a promise, or calls `done` at once: a request without tasks pays for no promise. */
function drainOrGoOn (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void | Promise<void> {
  const exchange = exchangeOf(request)
  return exchange?.hasTasks ? drain(exchange, reply) : done()
}

async function drain (exchange: Exchange, reply: FastifyReply): Promise<void> {
  await exchange.watch(reply).over()
}
