import type { FastifyReply, FastifyRequest } from 'fastify';
import { BackgroundTasks } from './core/background-tasks.js';
import type { Executions } from './core/executions/index.js';
import type { TaskTracker } from './core/task-tracker.js';
import type { ResolvedOptions } from './options.js';
import { type TaskListeners } from './task-log.js';
/** Where a request keeps its exchange. */
export declare const kExchange: unique symbol;
/** What the requests of an app share. */
export interface App {
    readonly tracker: TaskTracker;
    readonly executions: Executions;
    readonly options: ResolvedOptions;
    readonly listeners: TaskListeners;
}
/** A request's exchange; none where the request has not come as far as the plugin's `onRequest` hook. */
export declare function exchangeOf(request: FastifyRequest): Exchange | null | undefined;
/** A request's exchange, which begins here if it has not. */
export declare function beginExchange(request: FastifyRequest, app: App): Exchange;
/** Subscriber of Fastify's tracing channel: an async handler has ended. */
export declare function endOfHandler(message: unknown): void;
/**
 * A request with its response, and the request's tasks. They may run once the response is over, be it sent or
 * abandoned by the client, and the handler has settled.
 */
export declare class Exchange {
    #private;
    /** Whether the response is over: sent, or abandoned by the client. */
    isOver: boolean;
    constructor(request: FastifyRequest, app: App);
    /** The request's collection, created at first use. */
    get tasks(): BackgroundTasks;
    /** Whether the request has asked for its collection. */
    get hasTasks(): boolean;
    /** Watches the response's connection. */
    watch(reply: FastifyReply): this;
    /** The handler has settled: it has replied, or ended without a reply. */
    settled(): void;
    /** The handler's promise has settled. If its client has left, and it has not replied, nothing else tells so. */
    handlerEnded(): void;
    /**
     * The response is over. Resolves when the tasks have ended, if they can run now: to Fastify an HTTP/2 client that has
     * left looks like one that was served, while the handler is still at work.
     */
    over(): Promise<unknown> | undefined;
    /** Lets the tasks run. Resolves when they have ended. */
    release(): Promise<unknown> | undefined;
}
