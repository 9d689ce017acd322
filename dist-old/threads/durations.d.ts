import type { TaskSource } from '../core/task-registry.js';
/** How long functions have lately taken. */
export declare class Durations {
    #private;
    /** @param unknown what is taken for a function that has not run yet, in milliseconds */
    constructor(unknown: number);
    /** How long a call is likely to take, in milliseconds. */
    of(source: TaskSource): number;
    add(source: TaskSource, duration: number): void;
}
