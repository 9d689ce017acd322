import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
/**
 * The file that a thread begins with: beside this one, and TypeScript where this is. There is none where a bundler has
 * made one file of all.
 *
 * @param here this file's URL; `undefined` where a bundler has made CommonJS of it
 */
export function findThreadFile(here = import.meta.url) {
    const [, folder, extension] = /^(file:.*\/)thread-file(\.[jt]s)$/.exec(String(here)) ?? [];
    const file = folder && fileURLToPath(`${folder}thread${extension}`);
    return file && existsSync(file) ? file : undefined;
}
