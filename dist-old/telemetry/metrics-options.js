import { checkOptions } from '../core/options.js';
const aRegistry = {
    expected: 'a Registry of prom-client',
    accepts: (value) => typeof value?.getSingleMetric === 'function' &&
        typeof value.registerMetric === 'function'
};
const aPrefix = {
    expected: 'the beginning of a metric\'s name: letters, digits, "_" and ":", and no digit first',
    accepts: (value) => typeof value === 'string' && /^([a-zA-Z_:][a-zA-Z0-9_:]*)?$/.test(value)
};
const rules = { register: aRegistry, prefix: aPrefix };
/** Checks the option `metrics`. */
export function checkMetricsOptions(options) {
    if (options !== false)
        checkOptions(options, rules, 'metrics');
}
