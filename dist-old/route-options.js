import { checkRouteOptions } from './options.js';
/** Options that were found right: those of a route are the same object at each of its requests. */
const checked = new WeakSet();
function check(options) {
    if (checked.has(options))
        return;
    checkRouteOptions(options);
    checked.add(options);
}
/** An `onRoute` hook: checks the options in the route's `config`. */
export function checkRouteConfig({ config }) {
    const options = config?.backgroundTasks;
    if (options !== undefined)
        check(options);
}
/** What holds for a request: its route's own options, where it has any, over the plugin's. */
export function routeOptionsOf(request, options) {
    const own = request.routeOptions.config?.backgroundTasks;
    if (own === undefined)
        return options;
    check(own);
    return { runOn: own.runOn ?? options.runOn, onError: own.onError ?? options.onError };
}
