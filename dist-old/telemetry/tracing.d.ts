import type { ExecutionName, Tracer } from '../core/executions/execution.js';
/** What subscribers of `tracingChannel('fastify-background-tasks.task')` get for each attempt at a task. */
export interface TaskTrace {
    readonly id: string;
    readonly name: string;
    readonly execution: ExecutionName;
    /** From 1. */
    readonly attempt: number;
    /** The request whose task it is; `undefined` for a task of none. */
    readonly request: unknown;
    /** What the task has thrown, at `error`. */
    error?: unknown;
    /** What it has returned, at `asyncStart` and `asyncEnd`. */
    result?: unknown;
}
/** Publishes attempts at tasks on the channel. */
export declare const channelTracer: Tracer;
