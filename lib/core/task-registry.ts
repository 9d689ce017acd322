import type { TaskFunction } from './background-task.js'
import { ownNameOf } from './own-name.js'

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

/** The functions by name and number of parameters; without those that have no name, as any closure looks like them. */
const likenesses = new Map<string, TaskSource>()

/** Makes a task module's function known by its identity. Under several names, it keeps the first. */
export function registerTask (func: TaskFunction, source: TaskSource): void {
  if (sources.has(func)) return

  sources.set(func, source)
  isAnyRegistered = true
  if (ownNameOf(func) !== '') likenesses.set(looksOf(func), source)
}

/** The source of a task module's function; `undefined` for any other. */
export function sourceOf (func: TaskFunction): TaskSource | undefined {
  return sources.get(func)
}

/** Whether any is known. */
export function hasSources (): boolean {
  return isAnyRegistered
}

/** The source of a task module's function that looks like this one, which is of none. */
export function likenessOf (func: TaskFunction): TaskSource | undefined {
  return likenesses.size > 0 && !sources.has(func) ? likenesses.get(looksOf(func)) : undefined
}

function looksOf (func: TaskFunction): string {
  return `${ownNameOf(func)}/${func.length}`
}
