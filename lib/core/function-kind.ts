/**
 * `AsyncFunction`, `GeneratorFunction`, `AsyncGeneratorFunction`, or `undefined` for a plain one. Bound functions
 * inherit the tag from their target, and it is the same in every realm; `util.types.isAsyncFunction()` knows neither.
 */
export function kindOf (func: Function): unknown {
  return (func as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag]
}
