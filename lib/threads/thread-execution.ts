import type { Attempt } from '../core/attempt.js'
import { describe } from '../core/describe.js'
import type { Execution } from '../core/executions.js'
import type { TaskFunction } from '../core/task-function.js'
import { optionsOf } from '../core/task-options.js'
import { nameOf, sourceOf } from '../core/task-registry.js'
import { argumentAt, unclonable } from './failures.js'
import type { ThreadPool } from './thread-pool.js'

/** Recognizes a value that must not leave the main thread, and returns what it is ('the request'); else `undefined`. */
export type IsForeign = (value: object) => string | undefined

/** A synchronous function of a task module: called in a worker thread, which loads the module itself. */
export class ThreadExecution implements Execution {
  readonly name = 'thread'
  readonly #pool: ThreadPool
  readonly #isForeign: IsForeign

  constructor (pool: ThreadPool, isForeign: IsForeign = () => undefined) {
    this.#pool = pool
    this.#isForeign = isForeign
  }

  takes (func: TaskFunction): boolean {
    return sourceOf(func) !== undefined && optionsOf(func).thread !== false && this.#pool.isUsable
  }

  /** Arrays, buffers and instances of classes are not looked into, as that takes time: what lies there fails the task. */
  check (func: TaskFunction, args: readonly unknown[]): void {
    for (let i = 0; i < args.length; i++) {
      const arg = args[i]
      const problem = this.#problemOf(arg)
      if (problem !== undefined) throw unclonable(nameOf(func), argumentAt(i), problem)

      for (const key of keysOf(arg)) {
        const problem = this.#problemOf(valueAt(arg as object, key))
        if (problem !== undefined) throw unclonable(nameOf(func), argumentAt(i, `[${i}].${key}`), problem)
      }
    }
  }

  async run (attempt: Attempt): Promise<unknown> {
    const outcomes: Array<PromiseSettledResult<unknown>> = []
    await this.#pool.run([attempt], (outcome) => { outcomes.push(outcome) })
    const [outcome] = outcomes as [PromiseSettledResult<unknown>]
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  }

  runTogether (attempts: readonly Attempt[], ended: (outcome: PromiseSettledResult<unknown>) => void): Promise<void> {
    return this.#pool.run(attempts, ended)
  }

  /** Stops the threads. Tasks that they are still running fail. */
  async close (): Promise<void> {
    await this.#pool.close()
  }

  #problemOf (value: unknown): string | undefined {
    if (typeof value === 'function' || typeof value === 'symbol') return describe(value)
    if (typeof value !== 'object' || value === null) return
    try {
      return this.#isForeign(value)
    } catch {
      return undefined // a proxy, which fails its task when it is cloned
    }
  }
}

/** The own enumerable keys of a plain object. */
function keysOf (value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  try {
    const prototype: unknown = Object.getPrototypeOf(value)
    return prototype === Object.prototype || prototype === null ? Object.keys(value) : []
  } catch {
    return [] // a proxy, too
  }
}

function valueAt (value: object, key: string): unknown {
  try {
    return value[key as keyof object]
  } catch {
    return undefined // a getter, which fails its task when the value is cloned
  }
}
