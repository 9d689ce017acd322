import { kindOf } from '../function-kind.js'
import type { Execution } from './execution.js'

/** An async function: called at once, and awaited on the event loop. */
export const awaitExecution: Execution = {
  name: 'await',

  takes: (func) => kindOf(func) === 'AsyncFunction',

  run: (func, args) => func(...args)
}
