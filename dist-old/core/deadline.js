import { FST_BGT_TIMEOUT } from './errors.js';
/**
 * What the promise of a run settles to, unless it takes longer than the run's timeout.
 *
 * @throws `FST_BGT_TIMEOUT` then; the run is aborted, and what becomes of it is nobody's concern any more
 */
export function withDeadline(promise, run) {
    return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
            const error = new FST_BGT_TIMEOUT(run.name, run.timeout);
            reject(error);
            run.abort(error);
        }, run.timeout);
        const settle = (settler) => (value) => {
            clearTimeout(timer);
            settler(value);
        };
        promise.then(settle(resolve), settle(reject));
    });
}
