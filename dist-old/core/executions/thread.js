import { optionsOf } from '../task-options.js';
import { sourceOf } from '../task-registry.js';
/** A plain function of a task module: called in a worker thread, which finds it in a copy of the module of its own. */
export class ThreadExecution {
    name = 'thread';
    #options;
    constructor(options) {
        this.#options = options;
    }
    takes(func) {
        return this.#options.threads !== undefined && sourceOf(func) !== undefined && optionsOf(func).thread !== false;
    }
    run(run) {
        return this.#threads.run(run);
    }
    openLane() {
        return this.#threads.openLane();
    }
    get #threads() {
        return this.#options.threads;
    }
}
