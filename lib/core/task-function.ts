import { describe, isClass, isGeneratorFunction } from './describe.js'
import { FST_BGT_INVALID_FUNCTION } from './errors.js'

/** A function that a task can run; only `any` lets functions of every signature in. */
export type TaskFunction = (...args: any[]) => any

/** An object that can be called like a function: `await it()` is `await it.run()`. It is a closure with the class's prototype. */
export abstract class Callable {
  abstract run (): unknown

  constructor (name: string) {
    const closure = { [name]: () => (closure as unknown as Callable).run() }[name] as () => unknown
    return Object.setPrototypeOf(closure, new.target.prototype)
  }
}

Object.setPrototypeOf(Callable.prototype, Function.prototype)

/** @throws `FST_BGT_INVALID_FUNCTION` if a task cannot run it */
export function checkFunction (func: unknown): asserts func is TaskFunction {
  if (typeof func !== 'function' || isGeneratorFunction(func) || isClass(func)) throw new FST_BGT_INVALID_FUNCTION(describe(func))
}

/** A function's own name, `''` if it has none. */
export function ownNameOf (func: TaskFunction): string {
  try {
    // It can be anything, and its getter anybody's.
    return typeof func.name === 'string' ? func.name : ''
  } catch {
    return ''
  }
}
