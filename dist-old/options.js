import { onErrorRule } from './core/background-tasks.js';
import { aCount, aFunction, anything, atLeastOne, checkOptions, milliseconds, oneOf, someMilliseconds } from './core/options.js';
import { checkMetricsOptions } from './telemetry/metrics-options.js';
import { taskModulesRule } from './threads/task-modules.js';
import { checkThreadOptions } from './threads/thread-options.js';
const routeRules = {
    runOn: oneOf('always', 'success'),
    onError: onErrorRule
};
const rules = {
    ...routeRules,
    tasks: taskModulesRule,
    threads: anything,
    onTaskError: aFunction,
    timeout: someMilliseconds,
    retries: aCount,
    maxPending: atLeastOne,
    metrics: anything,
    blockedWarning: milliseconds,
    closeTimeout: milliseconds
};
/** What Fastify itself takes from `register()` comes along with the plugin's options. */
const registerOptions = ['prefix', 'logLevel', 'logSerializers'];
/** The plugin's options with their defaults, checked. */
export function resolveOptions(options) {
    checkOptions(options, rules, '', registerOptions);
    checkThreadOptions(options.threads ?? {});
    checkMetricsOptions(options.metrics ?? false);
    return {
        tasks: options.tasks,
        threads: options.threads ?? {},
        runOn: options.runOn ?? 'always',
        onError: options.onError ?? 'continue',
        onTaskError: options.onTaskError,
        timeout: options.timeout,
        retries: options.retries ?? 0,
        maxPending: options.maxPending,
        metrics: options.metrics ?? false,
        blockedWarning: options.blockedWarning ?? 50,
        closeTimeout: options.closeTimeout ?? 10_000
    };
}
/** Checks a route's own options. */
export function checkRouteOptions(options) {
    checkOptions(options, routeRules, 'config.backgroundTasks');
}
