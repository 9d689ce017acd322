import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { isGeneratorFunction } from '../core/describe.js'
import type { TaskFunction } from '../core/task-function.js'

/** All requires share one cache. In a bundle, this module may have no URL from which to make a require of its own. */
const { cache } = createRequire(process.execPath)

/** The functions that a module exports, by the names of their exports; those that have the function's own name first. */
export function functionsOf (module: string, namespace: object): Map<string, TaskFunction> {
  const functions = new Map<string, TaskFunction>()
  const add = (exports: object) => {
    for (const [name, value] of Object.entries(exports)) {
      if (name !== 'module.exports' && !functions.has(name) && isTaskFunction(value)) functions.set(name, value)
    }
  }

  add(namespace)
  const commonJs = commonJsExports(module, namespace)
  if (commonJs !== undefined) add(commonJs)
  return new Map([...functions].sort(([a, first], [b, second]) => Number(b === second.name) - Number(a === first.name)))
}

/** What a CommonJS module exports is the default export of its namespace; only some of it is found there by name. */
function commonJsExports (module: string, namespace: { default?: unknown, 'module.exports'?: unknown }): object | undefined {
  const exports = namespace['module.exports'] ?? namespace.default
  if (!(exports instanceof Object)) return
  return 'module.exports' in namespace || isCached(fileURLToPath(module), exports) ? exports : undefined
}

/** Whether a file was loaded as CommonJS. Behind a symbolic link, it is known by its real path. */
function isCached (file: string, exports: object): boolean {
  return (cache[file] ?? cache[realpathSync(file)])?.exports === exports
}

/** Classes cannot be called. Native and bound functions stay on the main thread. */
function isTaskFunction (value: unknown): value is TaskFunction {
  if (typeof value !== 'function' || isGeneratorFunction(value)) return false
  return !/^class\b|\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(value))
}
