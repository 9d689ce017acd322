import type { FastifyBaseLogger } from 'fastify';
import type { ResolvedOptions } from './options.js';
import { ThreadPool } from './threads/thread-pool.js';
/** Loads an app's task modules, and gives it a pool of threads for their functions, if it wants one. */
export declare function openThreads({ tasks, threads }: ResolvedOptions, log: FastifyBaseLogger, createPool?: typeof ThreadPool.create): Promise<ThreadPool | undefined>;
