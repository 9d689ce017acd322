import { performance } from 'node:perf_hooks';
import { withDeadline } from '../deadline.js';
/** Any other function: called on the main thread in a turn of its own, so that pending I/O is served between two tasks. */
export class InlineExecution {
    name = 'inline';
    #options;
    constructor(options) {
        this.#options = options;
    }
    takes() {
        return true;
    }
    run(run) {
        return new Promise((resolve, reject) => {
            setImmediate(() => {
                try {
                    resolve(limited(this.#call(run), run));
                }
                catch (error) {
                    reject(error);
                }
            });
        });
    }
    #call(run) {
        const { func, args } = run.work;
        const { ranInline } = this.#options;
        if (ranInline === undefined)
            return run.call(func, args);
        const start = performance.now();
        try {
            return run.call(func, args);
        }
        finally {
            ranInline(func, performance.now() - start);
        }
    }
}
/** What has returned has ended, however long it took; a promise may still take too long. */
function limited(result, run) {
    if (run.timeout === undefined || typeof result?.then !== 'function')
        return result;
    return withDeadline(Promise.resolve(result), run);
}
