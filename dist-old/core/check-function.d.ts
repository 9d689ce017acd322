/** @throws `FST_BGT_INVALID_FUNCTION` where a task cannot run it */
export declare function checkFunction(func: unknown): void;
