/** Not only native errors: `@fastify/error` makes objects with the prototype of one. */
export declare function isError(thrown: unknown): thrown is Error;
