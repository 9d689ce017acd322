import type { FastifyContextConfig, RouteOptions } from 'fastify'
import { checkRouteOptions, type BackgroundTasksRouteOptions, type ResolvedOptions } from './options.js'

type WithRouteOptions = { backgroundTasks?: BackgroundTasksRouteOptions } | undefined

/** Options that were found right: those of a route are the same object at each of its requests. */
const checked = new WeakSet<BackgroundTasksRouteOptions>()

function check (options: BackgroundTasksRouteOptions): void {
  if (checked.has(options)) return

  checkRouteOptions(options)
  checked.add(options)
}

/** An `onRoute` hook: checks the options in the route's `config`. */
export function checkRouteConfig ({ config }: RouteOptions): void {
  const options = (config as WithRouteOptions)?.backgroundTasks
  if (options !== undefined) check(options)
}

/** What holds for a request: its route's own options, where it has any, over the plugin's. */
export function routeOptionsOf (config: FastifyContextConfig, options: ResolvedOptions) {
  const own = (config as WithRouteOptions)?.backgroundTasks
  if (own === undefined) return options

  check(own)
  return { runOn: own.runOn ?? options.runOn, onError: own.onError ?? options.onError }
}
