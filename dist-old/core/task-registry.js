import { ownNameOf } from './own-name.js';
const sources = new WeakMap();
/** The functions by name and number of parameters. */
const likenesses = new Map();
/** Makes a task module's function known by its identity. Under several names, it keeps the first. */
export function registerTask(func, source) {
    if (sources.has(func))
        return;
    sources.set(func, source);
    likenesses.set(looksOf(func), source);
}
/** The source of a task module's function; `undefined` for any other. */
export function sourceOf(func) {
    return sources.get(func);
}
/** Whether any is known. */
export function hasSources() {
    return likenesses.size > 0;
}
/** The source of a task module's function that looks like this one, which is of none. */
export function likenessOf(func) {
    return likenesses.size > 0 && !sources.has(func) ? likenesses.get(looksOf(func)) : undefined;
}
function looksOf(func) {
    return `${ownNameOf(func)}/${func.length}`;
}
