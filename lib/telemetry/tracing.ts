import type { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel, type Channel, type ChannelListener } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import type { ExecutionName, Tracer } from '../core/executions/execution.js'
import type { TaskRun } from '../core/task-run.js'

/** What subscribers of `tracingChannel('fastify-background-tasks.task')` get for each attempt at a task. */
export interface TaskTrace {
  readonly id: string
  readonly name: string
  readonly execution: ExecutionName
  /** From 1. */
  readonly attempt: number
  /** The request whose task it is; `undefined` for a task of none. */
  readonly request: unknown
  /** What the task has thrown, at `error`. */
  error?: unknown
  /** What it has returned, at `asyncStart` and `asyncEnd`. */
  result?: unknown
}

const channel = tracingChannel<unknown, TaskTrace>('fastify-background-tasks.task')

/** The attempts that are being told of. */
const runs = new WeakMap<object, TaskRun>()

/** Publishes attempts at tasks on the channel. */
export const channelTracer: Tracer = {
  get isOn () {
    return channel.hasSubscribers
  },

  trace (run, work) {
    const { id, name, executionName: execution, attempt, host: { request } } = run
    const message: TaskTrace = { id, name, execution, attempt, request }
    runs.set(message, run)
    return channel.tracePromise(work, message)
  }
}

// Node.js hands what a subscriber throws to the process, which dies of it. Ours may not be in the way of a task: what
// they throw is logged.

const guarded = new WeakMap<ChannelListener, ChannelListener>()

function guard (listener: ChannelListener): ChannelListener {
  const known = guarded.get(listener)
  if (known !== undefined) return known

  const safe: ChannelListener = (message, name) => {
    try {
      const result: unknown = listener(message, name)
      if (result instanceof Promise) result.catch((error: unknown) => { report(error, message, name) })
    } catch (error) {
      report(error, message, name)
    }
  }
  guarded.set(listener, safe)
  guarded.set(safe, safe)
  return safe
}

type Transform = (message: unknown) => unknown
const guardedTransforms = new WeakSet<Transform>()

/** What gives a store its value for a task: where it throws, the store keeps the one that it has. */
function guardTransform (store: AsyncLocalStorage<unknown>, transform: Transform, name: string | symbol): Transform {
  if (guardedTransforms.has(transform)) return transform

  const safe: Transform = (message) => {
    try {
      return transform(message)
    } catch (error) {
      report(error, message, name)
      return store.getStore()
    }
  }
  guardedTransforms.add(safe)
  return safe
}

/** What a channel has besides, when it has subscribers. */
interface Subscribers {
  _subscribers?: ChannelListener[]
  _stores?: Map<AsyncLocalStorage<unknown>, Transform | undefined>
}

function guardChannel (channel: Channel & Subscribers): void {
  // The channel's prototype is another one when it has subscribers.
  const own = (method: 'subscribe' | 'unsubscribe') => function (this: Channel, listener: ChannelListener) {
    return Object.getPrototypeOf(this)[method].call(this, typeof listener === 'function' ? guard(listener) : listener)
  }
  // Another copy of this package in the process has done it.
  if (Object.hasOwn(channel, 'subscribe')) return

  const bindStore = function (this: Channel, store: AsyncLocalStorage<unknown>, transform?: Transform) {
    return Object.getPrototypeOf(this).bindStore.call(this, store, transform && guardTransform(store, transform, this.name))
  }
  const early = [...channel._subscribers ?? []]
  const earlyStores = [...channel._stores ?? []]
  for (const listener of early) channel.unsubscribe(listener)
  Object.defineProperties(channel, { subscribe: { value: own('subscribe') }, unsubscribe: { value: own('unsubscribe') }, bindStore: { value: bindStore } })
  for (const listener of early) channel.subscribe(listener)
  for (const [store, transform] of earlyStores) channel.bindStore(store, transform)
}

function report (error: unknown, message: unknown, name: string | symbol): void {
  const run = runs.get(message as object)
  const text = `a subscriber of ${String(name)} threw`
  try {
    if (run?.host.log === undefined) process.emitWarning(`${text}: ${inspect(error)}`)
    else run.host.log.error({ err: error, task: run.name }, text)
  } catch {} // a logger is users' code, and so are the getters of what is logged
}

for (const event of ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const) guardChannel(channel[event])
