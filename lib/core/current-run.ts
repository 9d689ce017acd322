import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { promiseHooks } from 'node:v8'
import type { TaskContext } from './task-context.js'
import type { TaskHost } from './task-run.js'

// Which task the code that is running belongs to. From Node 24 on AsyncLocalStorage costs next to nothing. Before, its
// first use makes every promise of the process dearer for good. So there it is used only when a task has asked; until then
// hooks that do less follow calls and awaits, but no callbacks, and only while a task is running.

/** A task at work, as its code sees it. */
export interface CurrentRun {
  readonly context: TaskContext
  /** Whose it is; tasks within it are theirs, too. */
  readonly host?: TaskHost
}

const storage = new AsyncLocalStorage<CurrentRun>()
let usesStorage = Number(process.versions.node.split('.')[0]) >= 24

const kRun = Symbol('fastify-background-tasks.run')
type Hooked = Promise<unknown> & { [kRun]?: CurrentRun | undefined }
const hooks = {
  init (promise: Hooked) { if (current !== undefined) promise[kRun] = current },
  before (promise: Hooked) { current = promise[kRun] },
  after () { current = undefined }
}
let current: CurrentRun | undefined
/** How many runs the hooks follow. */
let followed = 0
let unhook: (() => void) | undefined
let isLeaving = false

function enterRun<T> (run: CurrentRun, func: (...args: any[]) => T, args: unknown[]): T {
  return usesStorage ? new AsyncResource('BackgroundTaskRun').runInAsyncScope(enterStorage, undefined, run, func, args) as T : follow(run, func, args)
}

/** In a scope of its own, at whose end the store is what it was: `storage.run()` would copy all stores once more for that. */
function enterStorage (run: CurrentRun, func: (...args: any[]) => unknown, args: unknown[]): unknown {
  storage.enterWith(run)
  return call(func, args)
}

function follow<T> (run: CurrentRun, func: (...args: any[]) => T, args: unknown[]): T {
  followed++
  unhook ??= promiseHooks.createHook(hooks) as () => void
  const before = current
  let result: unknown
  current = run
  try {
    return (result = call(func, args)) as T
  } finally {
    current = before
    if (result instanceof Promise) result.then(leave, leave)
    else leave()
  }
}

/** A thenable's `then` is called here and now, as what it does is the run's, too. */
function call (func: (...args: any[]) => unknown, args: unknown[]): unknown {
  const result = func(...args) as PromiseLike<unknown> | null | undefined
  if (result instanceof Promise || typeof result?.then !== 'function') return result
  return new Promise((resolve, reject) => { result.then(resolve, reject) })
}

/** Hooks cost more to set than to keep for a moment, so they stay for what comes in the same turn of the event loop. */
function leave (): void {
  if (--followed > 0 || isLeaving) return

  isLeaving = true
  setImmediate(() => {
    isLeaving = false
    if (followed > 0) return

    unhook?.()
    unhook = undefined
  })
}

function findRun (): CurrentRun | undefined {
  return storage.getStore() ?? current
}

function useStorage (): void {
  usesStorage = true
}

// Copies of this package in a thread share what the first of them knows. With tsx on Node.js 22 and later a task module in
// a thread gets a copy other than the thread's own.
const kShared = Symbol.for('fastify-background-tasks.current-run')
const own = { enterRun, findRun, useStorage }
const shared = (globalThis as { [kShared]?: typeof own })[kShared] ??= own

/** Calls a function as the code of a run. What it returns is a promise where it can be awaited. */
export const enter = shared.enterRun

/** The run whose code this is. */
export const currentRun = shared.findRun

/** In runs that begin from now on callbacks know them, too. */
export const followCallbacks = shared.useStorage
