/**
 * `AsyncFunction`, `GeneratorFunction`, `AsyncGeneratorFunction`, or `undefined` for a plain one. Bound functions
 * inherit the tag from their target, and it is the same in every realm; `util.types.isAsyncFunction()` knows neither.
 */
export function kindOf(func) {
    return func[Symbol.toStringTag];
}
/** Whether the function is a class, which cannot be called. Only a class has a prototype that nobody may replace. */
export function isClass(func) {
    return func.prototype !== undefined &&
        Object.getOwnPropertyDescriptor(func, 'prototype')?.writable === false &&
        Function.prototype.toString.call(func).startsWith('class');
}
/** Whether a call of the function only makes a generator, and runs none of its body. */
export function isGeneratorFunction(func) {
    const kind = kindOf(func);
    return kind === 'GeneratorFunction' || kind === 'AsyncGeneratorFunction';
}
