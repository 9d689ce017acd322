import createError from '@fastify/error';
/** A task's function is no function, or one that a task cannot run. */
export declare const FST_BGT_INVALID_FUNCTION: createError.FastifyErrorConstructor<{
    code: string;
}, [got: string]>;
/** A collection is given something that is no `BackgroundTask`. */
export declare const FST_BGT_INVALID_TASK: createError.FastifyErrorConstructor<{
    code: string;
}, [got: string]>;
/** An option of the wrong type or range, or one that does not exist. */
export declare const FST_BGT_INVALID_OPTION: createError.FastifyErrorConstructor<{
    code: string;
}, [option: string, problem: string]>;
/** A task module cannot be found or loaded, or two of their functions have one name. */
export declare const FST_BGT_TASK_MODULE: createError.FastifyErrorConstructor<{
    code: string;
}, [module: string, problem: string, options?: {
    cause: unknown;
} | undefined]>;
/** An argument or a result that cannot be cloned, so that it cannot go to a thread or come from it. */
export declare const FST_BGT_ARGUMENT: createError.FastifyErrorConstructor<{
    code: string;
}, [task: string, value: string, problem: string]>;
/** A task ran past its timeout. */
export declare const FST_BGT_TIMEOUT: createError.FastifyErrorConstructor<{
    code: string;
}, [task: string, timeout: number]>;
/** The thread of a task has ended before the task. */
export declare const FST_BGT_THREAD: createError.FastifyErrorConstructor<{
    code: string;
}, [task: string, problem: string, options?: {
    cause: unknown;
} | undefined]>;
/** As many tasks wait or run as may. */
export declare const FST_BGT_QUEUE_FULL: createError.FastifyErrorConstructor<{
    code: string;
}, [maxPending: number]>;
/** An option needs an optional package that is not installed. */
export declare const FST_BGT_MISSING_DEPENDENCY: createError.FastifyErrorConstructor<{
    code: string;
}, [option: string, name: string, sameName: string]>;
/** The plugin is registered where it is registered already. */
export declare const FST_BGT_ALREADY_REGISTERED: createError.FastifyErrorConstructor<{
    code: string;
}, []>;
