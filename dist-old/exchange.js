import { wasSent, whenClosed } from './connection.js';
import { BackgroundTasks } from './core/background-tasks.js';
import { TrackedCollection } from './core/tracked-collection.js';
import { routeOptionsOf } from './route-options.js';
import { TaskLog } from './task-log.js';
/** Where a request keeps its exchange. */
export const kExchange = Symbol('fastify-background-tasks.exchange');
/** A request's exchange; none where the request has not come as far as the plugin's `onRequest` hook. */
export function exchangeOf(request) {
    return request[kExchange];
}
/** A request's exchange, which begins here if it has not. */
export function beginExchange(request, app) {
    return (request[kExchange] ??= new Exchange(request, app));
}
/** Subscriber of Fastify's tracing channel: an async handler has ended. */
export function endOfHandler(message) {
    exchangeOf(message.request)?.handlerEnded();
}
/**
 * How long a handler may go on after its client has left, in milliseconds. Then it counts as settled: a handler that
 * replies by callback need not reply to nobody, and nothing else would tell that it has ended.
 */
const longestAfterlife = 60_000;
/** How long tasks wait for other plugins' `onResponse` hooks, in milliseconds: one that has failed ends the chain. */
const longestOnResponse = 1_000;
/**
 * A request with its response, and the request's tasks. They may run once the response is over, be it sent or
 * abandoned by the client, and the handler has settled.
 */
export class Exchange {
    #request;
    #app;
    /** Whether the response is over: sent, or abandoned by the client. */
    isOver = false;
    #reply;
    #collection;
    #tasks;
    #runOn = 'always';
    #isReplying = false;
    #hasSettled = false;
    #timer;
    constructor(request, app) {
        this.#request = request;
        this.#app = app;
        app.tracker.handlerStarted();
    }
    /** The request's collection, created at first use. */
    get tasks() {
        return this.#tasks ?? this.#createTasks();
    }
    /** Whether the request has asked for its collection. */
    get hasTasks() {
        return this.#tasks !== undefined;
    }
    /** Watches the response's connection. */
    watch(reply) {
        if (this.#reply === undefined) {
            this.#reply = reply;
            whenClosed(reply, () => { this.#closed(reply); });
        }
        return this;
    }
    /** The handler has settled: it has replied, or ended without a reply. */
    settled() {
        if (this.#hasSettled)
            return;
        this.#hasSettled = true;
        this.#app.tracker.handlerSettled(this);
        if (this.isOver)
            this.release();
    }
    /** The handler's promise has settled. If its client has left, and it has not replied, nothing else tells so. */
    handlerEnded() {
        if (this.isOver && !this.#isReplying)
            this.settled();
    }
    /**
     * The response is over. Resolves when the tasks have ended, if they can run now: to Fastify an HTTP/2 client that has
     * left looks like one that was served, while the handler is still at work.
     */
    over() {
        // Hijacked, or ended by hand: no onSend hook has told.
        if (this.#reply?.sent)
            this.settled();
        this.isOver = true;
        return this.#hasSettled ? this.release() : undefined;
    }
    /** Lets the tasks run. Resolves when they have ended. */
    release() {
        if (this.#timer !== undefined)
            clearTimeout(this.#timer);
        if (this.#collection === undefined)
            return;
        if (this.#runOn === 'always' || this.#hasSucceeded())
            return this.#collection.release();
        const tasks = this.#collection.refuse().map(({ name }) => name);
        this.#request.log.debug({ tasks }, 'background tasks discarded: runOn is "success"');
    }
    #closed(reply) {
        if (this.#timer !== undefined || (this.isOver && this.#hasSettled))
            return;
        if (this.hasTasks && wasSent(reply)) {
            this.#timer = setTimeout(() => { this.over(); }, longestOnResponse);
            return;
        }
        this.over();
        if (!this.#hasSettled)
            this.#outlive(reply);
    }
    /** The client has left, and the handler is still at work. */
    #outlive(reply) {
        this.#app.tracker.clientLeft(this);
        this.#timer = setTimeout(() => { this.settled(); }, longestAfterlife).unref();
        // A reply that is sent comes to the onSend hook, in its time; one that is taken over nowhere.
        const { send, hijack } = reply;
        reply.send = (payload) => {
            this.#isReplying = true;
            return send.call(reply, payload);
        };
        reply.hijack = () => {
            this.settled();
            return hijack.call(reply);
        };
    }
    #createTasks() {
        const { tracker, executions, options, listeners } = this.#app;
        const { runOn, onError } = routeOptionsOf(this.#request, options);
        const log = new TaskLog(this.#request.log, listeners, this.#request);
        this.#runOn = runOn;
        this.#collection = new TrackedCollection(tracker, log, executions, onError);
        this.#tasks = new BackgroundTasks(this.#collection);
        if (this.isOver && this.#hasSettled)
            this.release();
        return this.#tasks;
    }
    #hasSucceeded() {
        return this.#reply !== undefined && this.#reply.statusCode < 400 && wasSent(this.#reply);
    }
}
