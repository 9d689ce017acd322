import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction, RouteOptions } from 'fastify';
/** An `onRoute` hook: gives the route a last `onResponse` hook, that drains. */
export declare function drainLast(this: FastifyInstance, route: RouteOptions): void;
/** An `onResponse` hook of the instance: drains where the route has no hook to do it. */
export declare function drainAfterOthers(request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void;
