import { describe } from '../core/describe.js';
/** Whether a value can go to another thread. */
export function isClonable(value) {
    try {
        structuredClone(value);
        return true;
    }
    catch {
        return false;
    }
}
/** Finds what keeps a value from being cloned: the path to it, and what it is. */
export function findUnclonable(value) {
    let path = '';
    const seen = new Set();
    for (let at = value;;) {
        seen.add(at);
        const next = childrenOf(at).find(([, child]) => !seen.has(child) && !isClonable(child));
        if (next === undefined)
            return { path, problem: describe(at) };
        path += next[0];
        at = next[1];
    }
}
function childrenOf(value) {
    try {
        if (value instanceof Map)
            return [...value].flatMap(([key, child], i) => [[`.keys()[${i}]`, key], [`.get(${describe(key)})`, child]]);
        if (value instanceof Set)
            return [...value].map((child, i) => [`.values()[${i}]`, child]);
        if (Array.isArray(value))
            return value.map((child, i) => [`[${i}]`, child]);
        if (typeof value === 'object' && value !== null)
            return Object.entries(value).map(([key, child]) => [`.${key}`, child]);
    }
    catch { } // a getter throws: it is the value itself that cannot be cloned
    return [];
}
