import { atLeastOne, checkOptions, milliseconds } from '../core/options.js';
const megabytes = (least) => ({
    expected: `a number of megabytes from ${least}`,
    accepts: (value) => typeof value === 'number' && value >= least
});
/**
 * With a heap below 3 MB (Node.js 22 to 26) or a stack below 0.25 MB (all), no thread fails: the whole process aborts.
 * And a stack must be larger than that of the main thread, for what that can send to be read.
 */
const resourceRules = {
    maxYoungGenerationSizeMb: megabytes(1),
    maxOldGenerationSizeMb: megabytes(4),
    codeRangeSizeMb: megabytes(1),
    stackSizeMb: megabytes(2)
};
const rules = {
    max: atLeastOne,
    idleTimeout: milliseconds,
    resourceLimits: {
        expected: 'an object',
        accepts: (value) => typeof value === 'object' && value !== null
    }
};
/** Checks the option `threads`. */
export function checkThreadOptions(options) {
    if (options === false)
        return;
    checkOptions(options, rules, 'threads');
    if (options.resourceLimits !== undefined)
        checkOptions(options.resourceLimits, resourceRules, 'threads.resourceLimits');
}
