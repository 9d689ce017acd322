import { FST_BGT_INVALID_FUNCTION, thrownBy } from './errors.js'
import { aBoolean, aName, aCount, atLeastOne, checkOptions, someMilliseconds, type Rule, type Rules } from './option-rules.js'
import { Callable, checkFunction, type TaskFunction } from './task-function.js'

/** Options of a function that runs as a task. */
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
   * How often it is retried when it has failed, each time after a longer wait.
   * @default the plugin's `retries`
   */
  retries?: number | undefined
  /**
   * Whether a function that a task module exports, and that is not declared `async`, runs in a worker thread. With `false` it
   * runs inline.
   * @default true
   */
  thread?: boolean | undefined
  /**
   * Whether a function that a task module exports is stored on the queue, if the plugin has one. With `false` it runs in this
   * process. A string names another queue on the same server, for workers of that name.
   * @default true
   */
  queue?: boolean | string | undefined
  /**
   * How many attempts at this function run concurrently in this process. The others wait, first come, first served.
   * @default none
   */
  concurrency?: number | undefined
}

const aBooleanOrQueueName: Rule = {
  expected: 'true, false, or the name of a queue, which has no ":"',
  accepts: (value) => typeof value === 'boolean' || (typeof value === 'string' && value !== '' && !value.includes(':'))
}

const rules: Rules<TaskOptions> = {
  name: aName,
  timeout: someMilliseconds,
  retries: aCount,
  thread: aBoolean,
  queue: aBooleanOrQueueName,
  concurrency: atLeastOne
}

const defined = new WeakMap<TaskFunction, TaskOptions>()
const none: TaskOptions = {}
let isAnyDefined = false

/**
 * Gives a function options that hold wherever it runs as a task. A second call replaces those of the first.
 *
 * @param func the function itself
 * @returns the same function, so that a task module which exports it lets it run in a thread
 * @throws `FST_BGT_INVALID_FUNCTION` if `func` is not a function, or is a `BackgroundTask`; `FST_BGT_INVALID_OPTION` for a wrong or unknown option
 *
 * @example
 * ```ts
 * export const charge = defineTask(async (order: string) => { … }, { name: 'charge', timeout: 5_000, retries: 3 })
 * ```
 */
export function defineTask<F extends TaskFunction> (func: F, options: TaskOptions): F {
  try {
    checkFunction(func)
    if (func instanceof Callable) throw new FST_BGT_INVALID_FUNCTION('a task (give its function to defineTask() instead)')
    checkOptions(options, rules)
  } catch (error) {
    throw thrownBy(defineTask, error)
  }
  defined.set(func, { ...options })
  isAnyDefined = true
  return func
}

/** The options that a function was given. */
export function optionsOf (func: TaskFunction): TaskOptions {
  return (isAnyDefined ? defined.get(func) : undefined) ?? none
}
