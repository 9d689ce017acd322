import { nameOf } from './core/task-name.js';
import { optionsOf } from './core/task-options.js';
import { likenessOf, sourceOf } from './core/task-registry.js';
/** For how long a warning about a function is not repeated, in milliseconds. */
const quiet = 60_000;
/** How much of a function's source text a warning shows, in characters. */
const longestSource = 80;
/** Warns of functions that run inline where they should not. */
export class InlineWatch {
    #log;
    #blockedWarning;
    #hasThreads;
    /** When functions were last warned of, by their source text: a closure is a new function each time. */
    #warnings = new Map();
    #copies = new Set();
    /**
     * @param blockedWarning how long a function may hold the event loop, in milliseconds; 0 for as long as it likes
     * @param hasThreads whether functions of task modules run in threads
     */
    constructor(log, blockedWarning, hasThreads) {
        this.#log = log;
        this.#blockedWarning = blockedWarning;
        this.#hasThreads = hasThreads;
    }
    ran(func, duration) {
        if (this.#blockedWarning > 0 && duration > this.#blockedWarning)
            this.#blocked(func, duration);
        if (this.#hasThreads)
            this.#compare(func);
    }
    #blocked(func, duration) {
        const now = performance.now();
        const text = Function.prototype.toString.call(func);
        if (now - (this.#warnings.get(text) ?? -Infinity) < quiet)
            return;
        for (const [other, at] of this.#warnings)
            if (now - at >= quiet)
                this.#warnings.delete(other);
        this.#warnings.set(text, now);
        this.#warn(
        // A closure often has no name: how it begins tells which it is.
        { task: nameOf(func), durationMs: Math.round(duration), blockedWarning: this.#blockedWarning, source: text.slice(0, longestSource) }, `background task held the event loop: ${this.#advice(func)}`);
    }
    #advice(func) {
        if (optionsOf(func).thread === false)
            return 'its option "thread" is false; leave it out to run the function in a worker thread';
        if (sourceOf(func) !== undefined)
            return 'the option "threads" is false; leave it out to run the function in a worker thread';
        return likenessOf(func) === undefined
            ? 'export the function from a task module (option "tasks") to run it in a worker thread'
            : 'import the very function that the task module exports to run it in a worker thread';
    }
    /** A bundler, or a test runner with a module graph of its own, has made a second function of the one in the module. */
    #compare(func) {
        const source = likenessOf(func);
        if (source === undefined || this.#copies.has(source.name))
            return;
        this.#copies.add(source.name);
        this.#warn({ task: nameOf(func), module: source.module }, `background task runs inline: it looks like "${source.name}", but is not the function that this task module exports. ` +
            'Where both are meant to be one, import the module by the path that the option "tasks" leads to, without a query, and keep it out of a bundle');
    }
    /** A logger is users' code. */
    #warn(fields, message) {
        try {
            this.#log.warn(fields, message);
        }
        catch { }
    }
}
