import type { FastifyRequest, RouteOptions } from 'fastify'
import { checkRouteOptions, type BackgroundTasksRouteOptions, type ResolvedOptions } from './options.js'

type WithRouteOptions = { backgroundTasks?: BackgroundTasksRouteOptions } | undefined

/** An `onRoute` hook: checks the options in the route's `config`. */
export function checkRouteConfig ({ config }: RouteOptions): void {
  const options = (config as WithRouteOptions)?.backgroundTasks
  if (options !== undefined) checkRouteOptions(options)
}

/** What holds for a request: its route's own options, where it has any, over the plugin's. */
export function routeOptionsOf (request: FastifyRequest, options: ResolvedOptions) {
  const own = (request.routeOptions.config as WithRouteOptions)?.backgroundTasks
  if (own === undefined) return options

  checkRouteOptions(own)
  return { runOn: own.runOn ?? options.runOn, onError: own.onError ?? options.onError }
}
