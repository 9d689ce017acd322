import type { FastifyRequest, RouteOptions } from 'fastify';
import { type ResolvedOptions } from './options.js';
/** An `onRoute` hook: checks the options in the route's `config`. */
export declare function checkRouteConfig({ config }: RouteOptions): void;
/** What holds for a request: its route's own options, where it has any, over the plugin's. */
export declare function routeOptionsOf(request: FastifyRequest, options: ResolvedOptions): {
    readonly tasks: import("./index.js").TaskModules | undefined;
    readonly threads: false | import("./index.js").ThreadOptions;
    readonly runOn: import("./options.js").RunOn;
    readonly onError: import("./index.js").OnError;
    readonly onTaskError: ((error: unknown, task: import("./index.js").BackgroundTask, request: FastifyRequest | undefined) => void) | undefined;
    readonly timeout: number | undefined;
    readonly retries: number;
    readonly maxPending: number | undefined;
    readonly metrics: false | import("./index.js").MetricsOptions;
    readonly blockedWarning: number;
    readonly closeTimeout: number;
} | {
    runOn: import("./options.js").RunOn;
    onError: import("./index.js").OnError;
};
