/** What the value of an option must be. */
export interface Rule {
    /** Completes the sentence "it must be …". */
    readonly expected: string;
    accepts(value: unknown): boolean;
}
/** A rule for each option of `T`. */
export type Rules<T> = {
    readonly [Name in keyof Required<T>]: Rule;
};
/** One of a few values. */
export declare function oneOf(...values: unknown[]): Rule;
/** A function. */
export declare const aFunction: Rule;
/** A switch. */
export declare const aBoolean: Rule;
/** A name. */
export declare const aName: Rule;
/** A count. */
export declare const aCount: Rule;
/** A count of what there must be. */
export declare const atLeastOne: Rule;
/** A duration in milliseconds. */
export declare const milliseconds: Rule;
/** A duration in milliseconds in which something can happen. */
export declare const someMilliseconds: Rule;
/** Whatever has checks of its own. */
export declare const anything: Rule;
/**
 * Checks options against their rules; one that is `undefined` counts as not given.
 *
 * @param path where the options stand, for the error message: `''` or, for example, `config.backgroundTasks`
 * @param foreign names of options that are somebody else's
 * @throws `FST_BGT_INVALID_OPTION`
 */
export declare function checkOptions<T extends object>(options: T, rules: Rules<T>, path?: string, foreign?: string[]): void;
