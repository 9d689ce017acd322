import { exchangeOf } from './exchange.js';
// Tasks are drained in an `onResponse` hook, after those of all other plugins. A route's own hooks run after the
// instance's, and what `after` adds to them comes after what other `onRoute` hooks have added. But Fastify calls
// `onRoute` neither for routes that were there before the plugin was, nor for not-found handlers: for these there is a
// hook of the instance, which lets the others go first.
const kDrainsLast = Symbol('fastify-background-tasks.drainsLast');
/** An `onRoute` hook: gives the route a last `onResponse` hook, that drains. */
export function drainLast(route) {
    route.config = { ...route.config, [kDrainsLast]: true };
    this.after(() => {
        route.onResponse = [route.onResponse ?? [], drainOrGoOn].flat();
    });
}
/** An `onResponse` hook of the instance: drains where the route has no hook to do it. */
export function drainAfterOthers(request, reply, done) {
    done();
    const exchange = exchangeOf(request);
    if (exchange?.hasTasks && !exchange.isOver && !hasLastHook(request))
        drain(exchange, reply);
}
/** Returns a promise, or calls `done` at once: a request without tasks pays for no promise. */
function drainOrGoOn(request, reply, done) {
    const exchange = exchangeOf(request);
    return exchange?.hasTasks ? drain(exchange, reply) : done();
}
async function drain(exchange, reply) {
    await exchange.watch(reply).over();
}
function hasLastHook(request) {
    return kDrainsLast in request.routeOptions.config;
}
