import { inspect } from 'node:util';
import { isError } from '../core/is-error.js';
import { isClonable } from './clone.js';
import { fromErrorData, toErrorData } from './error-data.js';
const kError = 'fastify-background-tasks.error';
/** The arguments of a log line as plain data, in a thread. Never throws. */
export function toLogData(args) {
    return args.map((arg) => isFields(arg) ? Object.fromEntries(Object.entries(arg).map(([key, value]) => [key, toData(value)])) : toData(arg));
}
/** What {@link toLogData} has made data of, on the main thread. */
export function fromLogData(data) {
    return data.map((arg) => {
        if (!isFields(arg) || kError in arg)
            return fromData(arg);
        return Object.fromEntries(Object.entries(arg).map(([key, value]) => [key, fromData(value)]));
    });
}
function isFields(arg) {
    return typeof arg === 'object' && arg !== null && !Array.isArray(arg) && !isError(arg);
}
function toData(value) {
    if (isError(value))
        return { [kError]: toErrorData(value) };
    return isClonable(value) ? value : inspect(value, { depth: 1, maxStringLength: 200 });
}
function fromData(data) {
    const error = data?.[kError];
    return error === undefined ? data : fromErrorData(error);
}
