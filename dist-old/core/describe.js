import { isClass, isGeneratorFunction } from './function-kind.js';
/**
 * Says what kind of value something is, for an error message. Only strings, numbers and booleans are quoted: anything
 * else may hold what belongs in no log.
 */
export function describe(value) {
    switch (typeof value) {
        case 'string': return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
        case 'function': return kindOfFunction(value);
        case 'object': return kindOfObject(value);
        case 'symbol': return 'a symbol';
        case 'bigint': return `${value}n`;
        default: return String(value);
    }
}
function kindOfFunction(value) {
    if (isGeneratorFunction(value))
        return 'a generator function, whose body would never run';
    return isClass(value) ? 'a class, which cannot be called' : 'a function';
}
function kindOfObject(value) {
    if (value === null)
        return 'null';
    try {
        if (Array.isArray(value))
            return 'an array';
        if (value instanceof Promise)
            return 'a promise (the function was called already)';
    }
    catch { } // a proxy, which may throw whatever it is asked
    return 'an object';
}
