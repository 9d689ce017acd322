import { checkFunction } from './check-function.js';
import { aBoolean, aName, aCount, checkOptions, someMilliseconds } from './options.js';
const rules = {
    name: aName,
    timeout: someMilliseconds,
    retries: aCount,
    thread: aBoolean,
    queue: aBoolean
};
const defined = new WeakMap();
const none = {};
let isAnyDefined = false;
/**
 * Gives a function options that hold wherever it runs as a task. A second call replaces those of the first.
 *
 * @param func the function itself
 * @returns the same function, so that a task module which exports it lets it run in a thread
 * @throws `FST_BGT_INVALID_FUNCTION` where `func` is no function; `FST_BGT_INVALID_OPTION` for a wrong or unknown option
 *
 * @example
 * ```ts
 * export const charge = defineTask(async (order: string) => { … }, { name: 'charge', timeout: 5_000, retries: 3 })
 * ```
 */
export function defineTask(func, options) {
    checkFunction(func);
    checkOptions(options, rules);
    defined.set(func, { ...options });
    isAnyDefined = true;
    return func;
}
/** The options that a function was given. */
export function optionsOf(func) {
    return (isAnyDefined ? defined.get(func) : undefined) ?? none;
}
