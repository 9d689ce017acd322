/**
 * Says what kind of value something is, for an error message. Only strings, numbers and booleans are quoted: anything
 * else may hold what belongs in no log.
 */
export declare function describe(value: unknown): string;
