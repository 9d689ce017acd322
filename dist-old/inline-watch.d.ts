import type { FastifyBaseLogger } from 'fastify';
import type { TaskFunction } from './core/background-task.js';
/** Warns of functions that run inline where they should not. */
export declare class InlineWatch {
    #private;
    /**
     * @param blockedWarning how long a function may hold the event loop, in milliseconds; 0 for as long as it likes
     * @param hasThreads whether functions of task modules run in threads
     */
    constructor(log: FastifyBaseLogger, blockedWarning: number, hasThreads: boolean);
    ran(func: TaskFunction, duration: number): void;
}
