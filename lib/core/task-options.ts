import type { TaskFunction } from './background-task.js'
import { Callable } from './callable.js'
import { checkFunction } from './check-function.js'
import { FST_BGT_INVALID_FUNCTION } from './errors.js'
import { aBoolean, aName, aCount, checkOptions, someMilliseconds, type Rules } from './options.js'

/** What a task asks for. */
export interface TaskOptions {
  /**
   * Its name in logs, metrics and traces, and on a queue.
   * @default `<path>.<export>` for a function of a task module, else the function's own name
   */
  name?: string | undefined
  /**
   * How long each attempt may take, in milliseconds.
   * @default the plugin's `timeout`
   */
  timeout?: number | undefined
  /**
   * How often it is tried again when it has failed, each time after a longer wait.
   * @default the plugin's `retries`
   */
  retries?: number | undefined
  /**
   * `false`: a plain function runs inline, though a task module exports it.
   * @default true
   */
  thread?: boolean | undefined
  /**
   * `false`: it runs in this process, though the plugin has a queue.
   * @default true
   */
  queue?: boolean | undefined
}

const rules: Rules<TaskOptions> = {
  name: aName,
  timeout: someMilliseconds,
  retries: aCount,
  thread: aBoolean,
  queue: aBoolean
}

const defined = new WeakMap<TaskFunction, TaskOptions>()
const none: TaskOptions = {}
let isAnyDefined = false

/**
 * Gives a function options that hold wherever it runs as a task. A second call replaces those of the first.
 *
 * @param func the function itself
 * @returns the same function, so that a task module which exports it lets it run in a thread
 * @throws `FST_BGT_INVALID_FUNCTION` where `func` is no function, or a `BackgroundTask`; `FST_BGT_INVALID_OPTION` for a wrong or unknown option
 *
 * @example
 * ```ts
 * export const charge = defineTask(async (order: string) => { … }, { name: 'charge', timeout: 5_000, retries: 3 })
 * ```
 */
export function defineTask<F extends TaskFunction> (func: F, options: TaskOptions): F {
  checkFunction(func)
  if (func instanceof Callable) throw new FST_BGT_INVALID_FUNCTION('a task (its options are those of its function: define that one)')
  checkOptions(options, rules)
  defined.set(func, { ...options })
  isAnyDefined = true
  return func
}

/** The options that a function was given. */
export function optionsOf (func: TaskFunction): TaskOptions {
  return (isAnyDefined ? defined.get(func) : undefined) ?? none
}
