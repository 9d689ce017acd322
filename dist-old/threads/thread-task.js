import { parentPort } from 'node:worker_threads';
import { closingError } from '../core/closing.js';
import { FST_BGT_TIMEOUT } from '../core/errors.js';
import { createLogger, levels } from '../core/task-logger.js';
import { toLogData } from './log-data.js';
import { envelop } from './messages.js';
import { Status, Stop } from './progress.js';
/** A task as its thread has it. */
export class ThreadTask {
    call;
    progress;
    hasEnded = false;
    /** Whether lines of its are on their way to the main thread. */
    hasLogged = false;
    #batch;
    #context;
    #controller;
    constructor(batch, call, progress) {
        this.#batch = batch;
        this.call = call;
        this.progress = progress;
    }
    get source() {
        return this.#batch.functions[this.#batch.calls[this.call]];
    }
    get wantsResult() {
        return this.#batch.wantsResult[this.call];
    }
    /** Its arguments: copies of its own, though one clone has brought those of the whole batch. */
    ownArgs() {
        const args = this.#batch.args[this.call];
        return this.#batch.calls.length === 1 || args.every(isPlain) ? args : structuredClone(args);
    }
    /** What the task sees of itself. */
    get context() {
        return (this.#context ??= this.#createContext());
    }
    /** Tells the main thread something of the task. */
    tell(message) {
        parentPort?.postMessage(envelop({ ...message, batch: this.#batch.id, call: this.call }));
    }
    /** It has ended. False where it is too late, as it is condemned. */
    end(status) {
        this.hasEnded = true;
        if (this.#controller !== undefined)
            this.progress.forgetStop(this.call);
        return this.progress.end(this.call, status);
    }
    #createContext() {
        const { ids, attempts } = this.#batch;
        const log = this.#createLog();
        const signal = () => (this.#controller ??= this.#createController()).signal;
        return {
            id: ids[this.call],
            name: this.source.name,
            attempt: attempts[this.call],
            get signal() { return signal(); },
            log
        };
    }
    #createLog() {
        const { ids, logLevel } = this.#batch;
        return createLogger((level, args, bindings) => {
            if (levels[level] < logLevel)
                return;
            this.hasLogged = true;
            this.tell({ kind: 'log', line: { level, args: toLogData(args), bindings, task: this.source.name, taskId: ids[this.call] } });
        });
    }
    #createController() {
        const controller = new AbortController();
        this.progress.untilStop(this.call).then((stop) => {
            if (stop === Stop.timeout)
                controller.abort(new FST_BGT_TIMEOUT(this.source.name, this.#batch.timeouts[this.call]));
            if (stop === Stop.closing)
                controller.abort(closingError());
        }, () => { });
        return controller;
    }
}
/** Whether a value can be cloned for sure. */
export function isPlain(value) {
    return value === null || (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol');
}
