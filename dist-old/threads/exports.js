import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isGeneratorFunction } from '../core/function-kind.js';
/** All requires share one; a bundler may leave a module without an URL to make one from. */
const { cache } = createRequire(process.execPath);
/** The functions that a module exports, by the names of their exports; those that have the function's own name first. */
export function functionsOf(module, namespace) {
    const functions = new Map();
    const add = (exports) => {
        for (const [name, value] of Object.entries(exports)) {
            if (name !== 'module.exports' && !functions.has(name) && isTaskFunction(value))
                functions.set(name, value);
        }
    };
    add(namespace);
    const commonJs = commonJsExports(module, namespace);
    if (commonJs !== undefined)
        add(commonJs);
    return new Map([...functions].sort(([a, first], [b, second]) => Number(b === second.name) - Number(a === first.name)));
}
/** To a CommonJS module's importers, what it exports is the default export; only some of it is found by name. */
function commonJsExports(module, namespace) {
    const exports = namespace['module.exports'] ?? namespace.default;
    const isCommonJs = 'module.exports' in namespace ||
        cache[fileURLToPath(module)]?.exports === exports;
    return isCommonJs && exports instanceof Object ? exports : undefined;
}
/** Classes cannot be called, native and bound functions have no source that another thread could load. */
function isTaskFunction(value) {
    if (typeof value !== 'function' || isGeneratorFunction(value))
        return false;
    return !/^class\b|\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(value));
}
