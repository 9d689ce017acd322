import { readdir, stat } from 'node:fs/promises';
import { resolve as resolvePackage } from 'import-meta-resolve';
import { basename, join, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { FST_BGT_TASK_MODULE } from '../core/errors.js';
const extension = /\.[cm]?[jt]s$/;
const declaration = /\.d\.[cm]?ts$/;
const test = /(^|\/)(tests?|__tests__|node_modules)\/|[._-](test|spec)\.[^/]+$/;
const hidden = /(^|\/)\./;
/**
 * Finds task modules: a file, those in a folder and its folders, or a package.
 *
 * @throws `FST_BGT_TASK_MODULE` where there is nothing
 */
export async function findTaskModules(where) {
    const path = toPath(where);
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory())
        return await modulesIn(path);
    if (found !== undefined)
        return [toModule(path, basename(path))];
    if (isPackageName(where))
        return [packageModule(where)];
    throw new FST_BGT_TASK_MODULE(path, 'there is no such file or folder; give its path, its URL, or the name of a package');
}
async function modulesIn(folder) {
    const files = (await readdir(folder, { recursive: true })).map((file) => file.split(sep).join('/')).sort();
    const modules = files.filter((file) => {
        return extension.test(file) && !declaration.test(file) && !test.test(file) && !hidden.test(file);
    });
    if (modules.length === 0) {
        throw new FST_BGT_TASK_MODULE(folder, 'the folder holds no module (.js, .mjs, .cjs, .ts, .mts or .cts)');
    }
    return modules.map((file) => toModule(join(folder, file), file));
}
function toModule(file, path) {
    return { module: pathToFileURL(file).href, path: path.replace(extension, '') };
}
/** As a module in the working directory would find it: an `import()` in here would look from this file's folder. */
function packageModule(name) {
    try {
        return { module: resolvePackage(name, pathToFileURL(resolve('package.json')).href), path: name };
    }
    catch (cause) {
        throw new FST_BGT_TASK_MODULE(name, `there is no file or folder ${resolve(name)}, and no package of this name`, { cause });
    }
}
function toPath(where) {
    if (where instanceof URL || where.startsWith('file:')) {
        try {
            return fileURLToPath(where);
        }
        catch (cause) {
            throw new FST_BGT_TASK_MODULE(String(where), 'only file: URLs can be loaded', { cause });
        }
    }
    return resolve(where);
}
function isPackageName(where) {
    return typeof where === 'string' && /^(@[^/\s]+\/)?[^./\\\s:][^\\\s:]*$/.test(where) && !extension.test(where);
}
