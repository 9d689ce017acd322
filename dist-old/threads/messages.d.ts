import type { Level } from '../core/task-logger.js';
import type { TaskSource } from '../core/task-registry.js';
import type { ErrorData } from './error-data.js';
/**
 * Tasks that travel to a thread together. It is flat, as a structured clone pays for each object and the names of its
 * fields.
 */
export interface BatchMessage {
    readonly id: number;
    /** Where main thread and worker thread tell each other how far the batch has come. */
    readonly progress: SharedArrayBuffer;
    readonly functions: readonly TaskSource[];
    /** Of each lane the index of its first call; it ends where the next one begins. */
    readonly firstCalls: readonly number[];
    /** Of each call the index of its function. */
    readonly calls: readonly number[];
    readonly args: ReadonlyArray<unknown[]>;
    /** Of each call, whether those behind it in its lane do not run when it fails. */
    readonly stops: readonly boolean[];
    /** Of each call, whether somebody waits for its result. */
    readonly wantsResult: readonly boolean[];
    /** Of each call, its task's id. */
    readonly ids: readonly string[];
    /** Of each call, which attempt it is. */
    readonly attempts: readonly number[];
    /** Of each call, its timeout in milliseconds. */
    readonly timeouts: ReadonlyArray<number | undefined>;
    /** The lowest level at which any of its loggers writes. */
    readonly logLevel: number;
}
/** What a thread tells of a task of its own accord; the rest, shared memory does. */
export type Told = {
    readonly kind: 'result';
    readonly value: unknown;
} | {
    readonly kind: 'failure';
    readonly failure: Failure;
}
/** A callback of the task has thrown, which ends the thread. */
 | {
    readonly kind: 'crash';
    readonly error: ErrorData;
}
/** The task has logged a line. */
 | {
    readonly kind: 'log';
    readonly line: LogLine;
};
export type ThreadMessage = Told & {
    readonly batch: number;
    readonly call: number;
}
/** A callback of a task that has ended has thrown. */
 | {
    readonly kind: 'late';
    readonly task: string | undefined;
    readonly error: ErrorData;
};
/** What a call has failed of: what it threw, what it returned, or its module. */
export type Failure = {
    readonly of: 'thrown' | 'module';
    readonly error: ErrorData;
} | {
    readonly of: 'result';
    readonly path: string;
    readonly problem: string;
};
/** What a task has logged. */
export interface LogLine {
    readonly level: Level;
    readonly args: unknown[];
    readonly bindings: Record<string, unknown>;
    readonly task: string;
    readonly taskId: string;
}
/** In an envelope, as tasks may send messages of their own. */
export declare function envelop(message: ThreadMessage): object;
/** What is in the envelope; nothing where it is none of ours. */
export declare function open(envelope: unknown): ThreadMessage | undefined;
