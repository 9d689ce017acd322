/**
 * `AsyncFunction`, `GeneratorFunction`, `AsyncGeneratorFunction`, or `undefined` for a plain one. Bound functions
 * inherit the tag from their target, and it is the same in every realm; `util.types.isAsyncFunction()` knows neither.
 */
export declare function kindOf(func: Function): unknown;
/** Whether the function is a class, which cannot be called. Only a class has a prototype that nobody may replace. */
export declare function isClass(func: Function): boolean;
/** Whether a call of the function only makes a generator, and runs none of its body. */
export declare function isGeneratorFunction(func: Function): boolean;
