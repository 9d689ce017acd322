import { isError } from '../core/is-error.js';
import { isClonable } from './clone.js';
/** JavaScript's own, of which errors keep their class. */
const ownClasses = [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];
/** How deep causes are followed: they may be circular. */
const deepest = 5;
/** Describes what was thrown, in a thread. Never throws. */
export function toErrorData(thrown, depth = 0) {
    try {
        if (!isError(thrown))
            return { isError: false, value: isClonable(thrown) ? thrown : String(thrown) };
        const { name, message, stack, cause, errors } = thrown;
        const others = depth < deepest && Array.isArray(errors) ? errors : undefined;
        return {
            isError: true,
            name: String(name),
            message: String(message),
            stack: stack && String(stack),
            cause: depth < deepest && cause !== undefined ? toErrorData(cause, depth + 1) : undefined,
            errors: others?.map((error) => toErrorData(error, depth + 1)),
            fields: fieldsOf(thrown)
        };
    }
    catch {
        return { isError: false, value: 'an error that cannot be read: one of its getters throws' };
    }
}
/** Makes an error of its description, on the main thread: of the same class if that is one of JavaScript's own. */
export function fromErrorData(data) {
    if (!data.isError)
        return data.value;
    const { name = 'Error', message = '', stack, cause, errors, fields } = data;
    const Class = ownClasses.find((own) => own.name === name) ?? Error;
    const error = new Class(message);
    if (Class.name !== name)
        define(error, 'name', name);
    define(error, 'stack', stack);
    if (cause !== undefined)
        define(error, 'cause', fromErrorData(cause));
    if (errors !== undefined)
        define(error, 'errors', errors.map(fromErrorData));
    return Object.assign(error, fields);
}
function fieldsOf(error) {
    const described = ['name', 'message', 'stack', 'cause', 'errors'];
    return Object.fromEntries(Object.entries(error).filter(([key, value]) => !described.includes(key) && isClonable(value)));
}
/** As an error has them: not enumerable. */
function define(error, key, value) {
    Object.defineProperty(error, key, { value, writable: true, configurable: true });
}
