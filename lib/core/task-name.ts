import type { TaskFunction } from './background-task.js'
import { ownNameOf } from './own-name.js'
import { sourceOf } from './task-registry.js'

/** A task's name: that of its source, or else its function's, or `anonymous`. */
export function nameOf (func: TaskFunction): string {
  return sourceOf(func)?.name ?? (ownNameOf(func) || 'anonymous')
}
