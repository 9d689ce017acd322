import { ownNameOf } from './own-name.js';
import { optionsOf } from './task-options.js';
import { sourceOf } from './task-registry.js';
/** A task's name: the one that it was given, that of its source, or else its function's, or `anonymous`. */
export function nameOf(func) {
    return optionsOf(func).name ?? sourceOf(func)?.name ?? (ownNameOf(func) || 'anonymous');
}
