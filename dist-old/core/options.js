import { describe } from './describe.js';
import { FST_BGT_INVALID_OPTION } from './errors.js';
/** One of a few values. */
export function oneOf(...values) {
    return {
        expected: values.map(describe).join(' or '),
        accepts: (value) => values.includes(value)
    };
}
/** A function. */
export const aFunction = {
    expected: 'a function',
    accepts: (value) => typeof value === 'function'
};
/** A switch. */
export const aBoolean = oneOf(true, false);
/** A name. */
export const aName = {
    expected: 'a string that is not empty',
    accepts: (value) => typeof value === 'string' && value !== ''
};
/** The longest delay of a timer: a longer one would fire at once. https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
const longestDelay = 2 ** 31 - 1;
/** A count. */
export const aCount = {
    expected: 'a whole number from 0',
    accepts: (value) => Number.isInteger(value) && Number(value) >= 0
};
/** A count of what there must be. */
export const atLeastOne = {
    expected: 'a whole number from 1',
    accepts: (value) => Number.isInteger(value) && Number(value) >= 1
};
/** A duration in milliseconds. */
export const milliseconds = {
    expected: `a whole number of milliseconds from 0 to ${longestDelay}`,
    accepts: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= longestDelay
};
/** A duration in milliseconds in which something can happen. */
export const someMilliseconds = {
    expected: `a whole number of milliseconds from 1 to ${longestDelay}`,
    accepts: (value) => atLeastOne.accepts(value) && milliseconds.accepts(value)
};
/** Whatever has checks of its own. */
export const anything = {
    expected: 'anything',
    accepts: () => true
};
/**
 * Checks options against their rules; one that is `undefined` counts as not given.
 *
 * @param path where the options stand, for the error message: `''` or, for example, `config.backgroundTasks`
 * @param foreign names of options that are somebody else's
 * @throws `FST_BGT_INVALID_OPTION`
 */
export function checkOptions(options, rules, path = '', foreign = []) {
    if (typeof options !== 'object' || options === null || Array.isArray(options)) {
        throw new FST_BGT_INVALID_OPTION(path || 'options', `it must be an object, but got ${describe(options)}`);
    }
    for (const [name, value] of Object.entries(options)) {
        if (foreign.includes(name))
            continue;
        const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
        const fullName = path === '' ? name : `${path}.${name}`;
        if (rule === undefined) {
            throw new FST_BGT_INVALID_OPTION(fullName, `it is unknown, the known ones are ${Object.keys(rules).join(', ')}`);
        }
        if (value !== undefined && !rule.accepts(value)) {
            throw new FST_BGT_INVALID_OPTION(fullName, `it must be ${rule.expected}, but got ${describe(value)}`);
        }
    }
}
