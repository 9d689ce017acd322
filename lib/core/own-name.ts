import type { TaskFunction } from './background-task.js'

/** A function's own name, `''` where it has none. */
export function ownNameOf (func: TaskFunction): string {
  try {
    // It can be anything, and its getter anybody's.
    return typeof func.name === 'string' ? func.name : ''
  } catch {
    return ''
  }
}
