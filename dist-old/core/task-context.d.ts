import type { TaskLogger } from './task-logger.js';
/** What a task can learn about itself. */
export interface TaskContext {
    /** A UUID, the same for every attempt, for use as an idempotency key. */
    readonly id: string;
    readonly name: string;
    /** Which attempt this is, from 1. */
    readonly attempt: number;
    /** Aborts when the task has run past its timeout, or when the app closes and `closeTimeout` has passed. */
    readonly signal: AbortSignal;
    /** The logger of the task's request, or of the app, with the task's name and id. Without an app it is silent. */
    readonly log: TaskLogger;
}
/**
 * The task that is running: at any depth of calls and awaits in its function, in whatever execution; `undefined` outside
 * of tasks. On Node.js 20 and 22 callbacks of timers and events know it in tasks that begin after this was first called,
 * anywhere in the process.
 *
 * @example
 * ```ts
 * export async function charge (order: string) {
 *   const { id, signal, log } = taskContext()!
 *   await fetch(`https://bank.example/${order}`, { method: 'POST', headers: { 'idempotency-key': id }, signal })
 *   log.info('charged')
 * }
 * ```
 */
export declare function taskContext(): TaskContext | undefined;
