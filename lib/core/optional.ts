import { FST_BGT_MISSING_DEPENDENCY } from './errors.js'

/**
 * Loads a package that only those need who use an option.
 *
 * @throws `FST_BGT_MISSING_DEPENDENCY` where it is not installed
 */
export async function loadOptional<T> (option: string, name: string): Promise<T> {
  try {
    return await import(name)
  } catch (error) {
    // The message, as the code is lost where a loader's hooks run (tsx, instrumentation).
    if (!String((error as Error | null)?.message).startsWith(`Cannot find package '${name}'`)) throw error
    throw new FST_BGT_MISSING_DEPENDENCY(option, name, name)
  }
}
