/**
 * `AsyncFunction`, `GeneratorFunction`, `AsyncGeneratorFunction`, or `undefined` for a plain one. Bound functions
 * inherit the tag from their target, and it is the same in every realm; `util.types.isAsyncFunction()` knows neither.
 */
export function kindOf (func: Function): unknown {
  return (func as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag]
}

/** Whether a call of the function only makes a generator, and runs none of its body. */
export function isGeneratorFunction (func: Function): boolean {
  const kind = kindOf(func)
  return kind === 'GeneratorFunction' || kind === 'AsyncGeneratorFunction'
}
