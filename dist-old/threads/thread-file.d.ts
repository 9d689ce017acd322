/**
 * The file that a thread begins with: beside this one, and TypeScript where this is. There is none where a bundler has
 * made one file of all.
 *
 * @param here this file's URL; `undefined` where a bundler has made CommonJS of it
 */
export declare function findThreadFile(here?: string | undefined): string | undefined;
