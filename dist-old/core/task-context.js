import { currentRun, followCallbacks } from './current-run.js';
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
export function taskContext() {
    followCallbacks();
    return currentRun()?.context;
}
