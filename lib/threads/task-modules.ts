import { readdir, stat } from 'node:fs/promises'
import { basename, join, resolve, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { resolve as resolvePackage } from 'import-meta-resolve'
import { FST_BGT_TASK_MODULE, messageOf } from '../core/errors.js'
import { checkOptions, type Rule } from '../core/option-rules.js'
import type { TaskFunction } from '../core/task-function.js'
import { optionsOf } from '../core/task-options.js'
import { registerTask, sourceOf } from '../core/task-registry.js'
import { functionsOf } from './exports.js'

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

/** A module whose exported functions are tasks. */
export interface TaskModule {
  /** Its `file:` URL. */
  readonly module: string
  /** What the names of its tasks begin with. */
  readonly path: string
}

const extension = /\.[cm]?[jt]s$/
const typescript = /\.[cm]?ts$/
const declaration = /\.d\.[cm]?ts$/
const test = /\.(test|spec)\.[^/]+$/
const hiddenOrInstalled = /(^|\/)(\.|node_modules\/)/

/**
 * Finds task modules: a file, those in a folder and its folders, or a package.
 *
 * @throws `FST_BGT_TASK_MODULE` if there is nothing
 */
export async function findTaskModules (where: string | URL): Promise<TaskModule[]> {
  const path = toPath(where)
  const found = await stat(path).catch(() => undefined)

  if (found?.isDirectory()) return await modulesIn(path)
  if (found !== undefined) return [toModule(path, basename(path))]
  if (isPackageName(where)) return [packageModule(where)]
  throw new FST_BGT_TASK_MODULE(path, 'there is no such file or folder; give its path, its URL, or the name of a package')
}

async function modulesIn (folder: string): Promise<TaskModule[]> {
  const files = (await readdir(folder, { recursive: true })).map((file) => file.split(sep).join('/')).sort()
  const modules = files.filter((file) => {
    return extension.test(file) && !declaration.test(file) && !test.test(file) && !hiddenOrInstalled.test(file)
  }).filter(isTheOneThatRuns)
  if (modules.length === 0) {
    throw new FST_BGT_TASK_MODULE(folder, 'the folder contains no module (.js, .mjs, .cjs, .ts, .mts or .cts)')
  }
  return modules.map((file) => toModule(join(folder, file), file))
}

/**
 * TypeScript that is compiled into its own folder lies there twice, and only one of the two is what the program imports: the
 * TypeScript if the program itself was started as TypeScript (`tsx app.ts`), else the JavaScript.
 */
function isTheOneThatRuns (file: string, _index: number, files: string[]): boolean {
  const twin = file.replace(/([jt])s$/, (_, letter) => letter === 'j' ? 'ts' : 'js')
  return !files.includes(twin) || typescript.test(file) === typescript.test(process.argv[1] ?? '')
}

function toModule (file: string, path: string): TaskModule {
  return { module: pathToFileURL(file).href, path: path.replace(extension, '') }
}

/** Finds a package as a module in the working directory would. An `import()` in here would start from this file's folder. */
function packageModule (name: string): TaskModule {
  try {
    return { module: resolvePackage(name, pathToFileURL(resolve('package.json')).href), path: name }
  } catch (cause) {
    throw new FST_BGT_TASK_MODULE(name, `there is no file or folder ${resolve(name)}, and no package of this name`, { cause })
  }
}

function toPath (where: string | URL): string {
  if (where instanceof URL || where.startsWith('file:')) {
    try {
      return fileURLToPath(where)
    } catch (cause) {
      throw new FST_BGT_TASK_MODULE(String(where), 'only file: URLs can be loaded', { cause })
    }
  }
  return resolve(where)
}

function isPackageName (where: string | URL): where is string {
  return typeof where === 'string' && /^(@[^/\s]+\/)?[^./\\\s:][^\\\s:]*$/.test(where) && !extension.test(where)
}
