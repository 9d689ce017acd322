import type { FastifyRequest } from 'fastify'
import type { BackgroundTask } from './core/background-task.js'
import { onErrorRule } from './core/background-tasks.js'
import type { OnError } from './core/collection.js'
import { aFunction, checkOptions, milliseconds, oneOf, type Rules } from './core/options.js'

/** After which responses tasks run. */
export type RunOn = 'always' | 'success'

/** A route's own options: `{ config: { backgroundTasks: { … } } }`. What is left out is as the plugin's options say. */
export interface BackgroundTasksRouteOptions {
  /**
   * `'always'`: whatever the response. `'success'`: only where its status is below 400 and the client has stayed for
   * it; else the tasks are discarded.
   * @default 'always'
   */
  runOn?: RunOn | undefined
  /**
   * What a failing task means for those after it in its request: `'continue'`, they run; `'stop'`, they do not.
   * @default 'continue'
   */
  onError?: OnError | undefined
}

/** The plugin's options. */
export interface BackgroundTasksOptions extends BackgroundTasksRouteOptions {
  /**
   * Called with each task that has failed, after the error has been logged. What it throws is logged as well.
   *
   * @param error what the task threw
   * @param task the task, with its name, its function and its arguments
   * @param request the request whose task it was; `undefined` for a task of `fastify.backgroundTasks`
   */
  onTaskError?: ((error: unknown, task: BackgroundTask, request: FastifyRequest | undefined) => void) | undefined
  /**
   * How long `fastify.close()` waits for tasks once the server has closed, in milliseconds. Tasks that have not ended
   * by then are named in the log, and the close goes on.
   * @default 10_000
   */
  closeTimeout?: number | undefined
}

const routeRules: Rules<BackgroundTasksRouteOptions> = {
  runOn: oneOf('always', 'success'),
  onError: onErrorRule
}

const rules: Rules<BackgroundTasksOptions> = {
  ...routeRules,
  onTaskError: aFunction,
  closeTimeout: milliseconds
}

/** What Fastify itself takes from `register()` comes along with the plugin's options. */
const registerOptions = ['prefix', 'logLevel', 'logSerializers']

/** The plugin's options with their defaults, checked. */
export function resolveOptions (options: BackgroundTasksOptions) {
  checkOptions(options, rules, '', registerOptions)

  return {
    runOn: options.runOn ?? 'always',
    onError: options.onError ?? 'continue',
    onTaskError: options.onTaskError,
    closeTimeout: options.closeTimeout ?? 10_000
  } as const
}

/** What {@link resolveOptions} gives. */
export type ResolvedOptions = ReturnType<typeof resolveOptions>

/** Checks a route's own options. */
export function checkRouteOptions (options: BackgroundTasksRouteOptions): void {
  checkOptions(options, routeRules, 'config.backgroundTasks')
}
