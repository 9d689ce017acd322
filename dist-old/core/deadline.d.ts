import type { TaskRun } from './task-run.js';
/**
 * What the promise of a run settles to, unless it takes longer than the run's timeout.
 *
 * @throws `FST_BGT_TIMEOUT` then; the run is aborted, and what becomes of it is nobody's concern any more
 */
export declare function withDeadline<T>(promise: Promise<T>, run: TaskRun): Promise<T>;
