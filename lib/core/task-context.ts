import { AsyncLocalStorage } from 'node:async_hooks'
import type { TaskLogger } from './task-logger.js'

/** What a task can learn about itself. */
export interface TaskContext {
  /** A UUID, the same for every attempt, for use as an idempotency key. */
  readonly id: string
  /** The task's name, as in the log. */
  readonly name: string
  /** Which attempt this is, from 1. */
  readonly attempt: number
  /** Aborts when the task has run past its timeout, or when the app closes and `closeTimeout` has passed. */
  readonly signal: AbortSignal
  /** The logger of the task's request, or of the app, with the task's name and id. Without an app it is silent. */
  readonly log: TaskLogger
}

/** What is running, as its code sees it: an attempt on the main thread, or its call in a worker thread. */
export interface Running {
  readonly context: TaskContext
}

// Copies of this package in one thread share it: with tsx on Node.js 22 and later a task module in a thread gets a copy other
// than the thread's own.
const kStorage = Symbol.for('fastify-background-tasks.running')
const storage = (globalThis as { [kStorage]?: AsyncLocalStorage<Running> })[kStorage] ??= new AsyncLocalStorage<Running>()

/** Calls a function as the code of what is running. */
export function enter<A extends unknown[], R> (running: Running, func: (...args: A) => R, args: A): R {
  return storage.run(running, () => func(...args))
}

/** Makes what goes on from here, up to the end of the async scope around it, the code of what is running. */
export function enterScope (running: Running): void {
  storage.enterWith(running)
}

/** What the code that asks belongs to. */
export function currentlyRunning (): Running | undefined {
  return storage.getStore()
}

/**
 * The task that is running: at any depth of calls, awaits and callbacks in its function, in every execution; `undefined`
 * outside of tasks.
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
export function taskContext (): TaskContext | undefined {
  return storage.getStore()?.context
}
