import type { ResourceLimits } from 'node:worker_threads';
/** Options of the thread pool. */
export interface ThreadOptions {
    /**
     * The most threads that run at once.
     * @default one less than the machine's cores, and at least one
     */
    max?: number | undefined;
    /**
     * How long a thread without work is kept, in milliseconds.
     * @default 30_000
     */
    idleTimeout?: number | undefined;
    /**
     * What each thread may use: a task that takes more memory fails, and not the process.
     * https://nodejs.org/api/worker_threads.html#workerresourcelimits
     * @default as Node.js has it
     */
    resourceLimits?: ResourceLimits | undefined;
}
/** Checks the option `threads`. */
export declare function checkThreadOptions(options: false | ThreadOptions): void;
