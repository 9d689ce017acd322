import { types } from 'node:util';
/** Not only native errors: `@fastify/error` makes objects with the prototype of one. */
export function isError(thrown) {
    try {
        return types.isNativeError(thrown) || thrown instanceof Error;
    }
    catch {
        return false; // a proxy, whose prototype is anybody's
    }
}
