import { FST_BGT_TASK_MODULE, messageOf } from '../core/errors.js'
import { checkOptions, type Rule } from '../core/option-rules.js'
import type { TaskFunction } from '../core/task-function.js'
import { optionsOf } from '../core/task-options.js'
import { registerTask, sourceOf } from '../core/task-registry.js'
import { functionsOf } from './exports.js'
import { findTaskModules } from './task-files.js'

/** What the option `tasks` takes: files, folders (read recursively) and packages. */
export type TaskModules = string | URL | ReadonlyArray<string | URL>

/** The rule for `tasks`. */
export const taskModulesRule: Rule = {
  expected: 'the path or URL of a file or folder, the name of a package, or an array of these',
  accepts: (value) => Array.isArray(value) ? value.every(isModule) : isModule(value)
}

function isModule (value: unknown): boolean {
  return value instanceof URL || (typeof value === 'string' && value !== '')
}

/** Functions of task modules, by the names of their tasks. */
export type TaskFunctions = Map<string, TaskFunction>

/**
 * Loads task modules, so that the functions which they export are known by their identity.
 *
 * @throws `FST_BGT_INVALID_OPTION`; `FST_BGT_TASK_MODULE` if a module cannot be found or loaded, or two functions have one name
 */
export async function loadTaskModules (modules: TaskModules): Promise<TaskFunctions> {
  checkOptions({ tasks: modules }, { tasks: taskModulesRule })

  const functions: TaskFunctions = new Map()
  const found = await Promise.all([modules].flat().map(findTaskModules))

  for (const { module, path } of found.flat()) {
    for (const [exportName, func] of await load(module)) {
      const name = optionsOf(func).name ?? (exportName === 'default' ? path : `${path}.${exportName}`)
      const other = functions.get(name)
      if (other !== undefined && other !== func) {
        throw new FST_BGT_TASK_MODULE(module, `it has a function named "${name}", and so has ${sourceOf(other)?.module}; rename one of them, or one of the modules`)
      }
      functions.set(name, func)
      registerTask(func, { name, module, exportName })
    }
  }
  return functions
}

async function load (module: string): Promise<TaskFunctions> {
  try {
    return functionsOf(module, await import(module))
  } catch (cause) {
    throw new FST_BGT_TASK_MODULE(module, `it cannot be loaded: ${messageOf(cause)}${adviceOn(cause)}`, { cause })
  }
}

function adviceOn (cause: unknown): string {
  const isTypeScript = (cause as NodeJS.ErrnoException | null)?.code === 'ERR_UNKNOWN_FILE_EXTENSION'
  return isTypeScript ? '. This process cannot run TypeScript: start it with `node --import tsx`, or name the compiled modules' : ''
}
