import { FST_BGT_MISSING_DEPENDENCY } from './core/errors.js';
/**
 * Loads a package that only those need who use an option.
 *
 * @throws `FST_BGT_MISSING_DEPENDENCY` where it is not installed
 */
export async function loadOptional(option, name) {
    try {
        return await import(name);
    }
    catch (error) {
        // The message, as the code is lost where a loader's hooks run (tsx, instrumentation).
        if (!String(error?.message).startsWith(`Cannot find package '${name}'`))
            throw error;
        throw new FST_BGT_MISSING_DEPENDENCY(option, name, name);
    }
}
