import { describe } from './describe.js';
import { FST_BGT_INVALID_FUNCTION } from './errors.js';
import { isClass, isGeneratorFunction } from './function-kind.js';
/** @throws `FST_BGT_INVALID_FUNCTION` where a task cannot run it */
export function checkFunction(func) {
    if (typeof func !== 'function' || isGeneratorFunction(func) || isClass(func))
        throw new FST_BGT_INVALID_FUNCTION(describe(func));
}
