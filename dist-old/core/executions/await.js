import { withDeadline } from '../deadline.js';
import { kindOf } from '../function-kind.js';
/** An async function: called at once, and awaited on the event loop. */
export class AwaitExecution {
    name = 'await';
    takes(func) {
        return kindOf(func) === 'AsyncFunction';
    }
    run(run) {
        const { func, args } = run.work;
        const promise = run.call(func, args);
        return run.timeout === undefined ? promise : withDeadline(promise, run);
    }
}
