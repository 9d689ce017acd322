import type { Execution } from './execution.js'

/** An async function: called at once, and awaited on the event loop. */
export const awaitExecution: Execution = {
  name: 'await',

  // The tag is inherited by bound functions and the same in every realm; util.types.isAsyncFunction() sees neither.
  takes: (func) => (func as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] === 'AsyncFunction',

  run: async ({ func, args }) => func(...args)
}
