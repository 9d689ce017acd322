/** Whether a value can go to another thread. */
export declare function isClonable(value: unknown): boolean;
/** Finds what keeps a value from being cloned: the path to it, and what it is. */
export declare function findUnclonable(value: unknown): {
    path: string;
    problem: string;
};
