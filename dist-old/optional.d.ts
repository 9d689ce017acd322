/**
 * Loads a package that only those need who use an option.
 *
 * @throws `FST_BGT_MISSING_DEPENDENCY` where it is not installed
 */
export declare function loadOptional<T>(option: string, name: string): Promise<T>;
