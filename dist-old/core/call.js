import { checkFunction } from './check-function.js';
import { defaultExecutions } from './executions/index.js';
import { retry } from './retry.js';
import { currentHost } from './task-run.js';
/** A function with its arguments. */
export class Call {
    func;
    args;
    #executions;
    /** @throws `FST_BGT_INVALID_FUNCTION` */
    constructor(func, args, executions = defaultExecutions) {
        checkFunction(func);
        this.func = func;
        this.args = args;
        this.#executions = executions;
    }
    get execution() {
        return this.#executions.of(this.func).name;
    }
    run(executions = this.#executions) {
        const host = currentHost();
        const identity = {};
        const retries = executions.retriesOf(this.func);
        let run;
        let failures = 0;
        const attempt = () => executions.run(run = executions.begin(this, host, identity, failures + 1));
        if (retries === 0)
            return attempt();
        return retry(attempt, retries, {
            signal: host.signal,
            onRetry: (error) => {
                failures++;
                host.taskRetried?.(error, run);
            }
        });
    }
}
