import { ownNameOf, type TaskFunction } from './task-function.js'
import { optionsOf } from './task-options.js'

/** Where the function of a task module is found: in another thread or process, too. */
export interface TaskSource {
  /** The task's name: `<path>.<export>`, or `<path>` for the default export. */
  readonly name: string
  /** The module's `file:` URL. */
  readonly module: string
  readonly exportName: string
}

const sources = new WeakMap<TaskFunction, TaskSource>()
let isAnyRegistered = false

/** Makes a task module's function known by its identity. Under several names, it keeps the first. */
export function registerTask (func: TaskFunction, source: TaskSource): void {
  if (sources.has(func)) return

  sources.set(func, source)
  isAnyRegistered = true
}

/** The source of a task module's function; `undefined` for any other. */
export function sourceOf (func: TaskFunction): TaskSource | undefined {
  return isAnyRegistered ? sources.get(func) : undefined
}

/** A task's name: the one that `defineTask` gave it, that of its source, its function's own, or `anonymous`. */
export function nameOf (func: TaskFunction): string {
  return optionsOf(func).name ?? sourceOf(func)?.name ?? (ownNameOf(func) || 'anonymous')
}
