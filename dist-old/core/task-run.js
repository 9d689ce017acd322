import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { currentRun, enter } from './current-run.js';
import { silent } from './task-logger.js';
import { nameOf } from './task-name.js';
const nobody = {};
/** Whose tasks begin here: those of the task whose code this is, or nobody's. */
export function currentHost() {
    const run = currentRun();
    if (run === undefined)
        return nobody;
    const { host = nobody, context } = run;
    return {
        log: host.log,
        request: host.request,
        get signal() { return context.signal; },
        taskRetried: (error, run) => host.taskRetried?.(error, run)
    };
}
/** An attempt at a task. */
export class TaskRun {
    work;
    /** None for a collection, or for a task that runs in a way of its own: it is awaited. */
    execution;
    host;
    /** From 1. */
    attempt;
    /** The longest that it may take, in milliseconds. */
    timeout;
    /** When its function was called, by `performance.now()`. */
    startedAt;
    /** How long its function took, in milliseconds. */
    duration;
    /** Hears of an abort, where the task runs elsewhere. */
    onAbort;
    #identity;
    #context;
    #controller;
    constructor(work, execution, timeout, host, identity, attempt) {
        this.work = work;
        this.execution = execution;
        this.timeout = timeout;
        this.host = host;
        this.#identity = identity;
        this.attempt = attempt;
    }
    get id() {
        return (this.#identity.id ??= randomUUID());
    }
    get name() {
        return this.work.name ?? nameOf(this.work.func);
    }
    get executionName() {
        return this.execution?.name ?? 'await';
    }
    /** How long it waited, from when it was added until its function was called, in milliseconds. */
    get waited() {
        const { addedAt } = this.#identity;
        return addedAt === undefined || this.startedAt === undefined ? undefined : this.startedAt - addedAt;
    }
    /** What the task sees of it. */
    get context() {
        return (this.#context ??= this.#createContext());
    }
    /** Calls the task's function, or one that does. */
    call(func, args) {
        this.startedAt = performance.now();
        return enter(this, func, args);
    }
    /** It has ended. */
    ended() {
        this.duration ??= this.startedAt === undefined ? 0 : performance.now() - this.startedAt;
    }
    /** Tells the task that it should stop. */
    abort(reason) {
        (this.#controller ??= new AbortController()).abort(reason);
        this.onAbort?.();
    }
    /** Nobody's log shows the arguments. */
    [inspect.custom]() {
        return `TaskRun ${this.name}`;
    }
    #createContext() {
        const { id, name, attempt, host } = this;
        const createSignal = () => this.#createSignal();
        let signal;
        let log;
        return {
            id,
            name,
            attempt,
            get signal() { return (signal ??= createSignal()); },
            get log() { return (log ??= host.log?.child({ task: name, taskId: id }) ?? silent); }
        };
    }
    #createSignal() {
        const { signal } = (this.#controller ??= new AbortController());
        return this.host.signal === undefined ? signal : AbortSignal.any([signal, this.host.signal]);
    }
}
