import { createRequire } from 'node:module';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parentPort } from 'node:worker_threads';
import { currentRun, enter, followCallbacks } from '../core/current-run.js';
import { findUnclonable } from './clone.js';
import { toErrorData } from './error-data.js';
import { functionsOf } from './exports.js';
import { envelop } from './messages.js';
import { Progress, Status } from './progress.js';
import { isPlain, ThreadTask } from './thread-task.js';
// The thread's side: Piscina calls the default export with each batch.
const loaded = new Map();
// Whose callback it is that throws must be known, whether its task asks for its context or not.
followCallbacks();
export default async function runBatch(batch) {
    const progress = new Progress(batch.progress);
    for (let lane = progress.claimLane(); lane !== undefined; lane = progress.claimLane()) {
        const end = batch.firstCalls[lane + 1] ?? batch.calls.length;
        for (let call = batch.firstCalls[lane]; call < end; call++) {
            const failed = run(new ThreadTask(batch, call, progress));
            // Without a promise for each of them, plain functions take half the time.
            if ((typeof failed === 'boolean' ? failed : await failed) && batch.stops[call])
                break;
        }
    }
}
/** Runs a task, tells how it has ended, and says whether it has failed. */
function run(task) {
    const func = loaded.get(keyOf(task.source));
    return func === undefined ? enter(task, loadAndCall, [task]) : enter(task, call, [task, func]);
}
async function loadAndCall(task) {
    let func;
    try {
        func = await load(task);
    }
    catch (error) {
        return await fail(task, { of: 'module', error: toErrorData(error) });
    }
    return await call(task, func);
}
function call(task, func) {
    if (!task.progress.begin(task.call, Status.running))
        return condemned;
    try {
        const result = func(...task.ownArgs());
        return isThenable(result) ? settle(task, result) : succeed(task, result);
    }
    catch (error) {
        return fail(task, { of: 'thrown', error: toErrorData(error) });
    }
}
async function settle(task, promise) {
    let result;
    try {
        result = await promise;
    }
    catch (error) {
        return await fail(task, { of: 'thrown', error: toErrorData(error) });
    }
    return await succeed(task, result);
}
function succeed(task, result) {
    const value = task.wantsResult ? result : undefined;
    // The end of a task that has logged comes behind its lines.
    const isTold = value !== undefined || task.hasLogged;
    try {
        if (!task.wantsResult && !isPlain(result))
            structuredClone(result);
        if (isTold)
            task.tell({ kind: 'result', value });
    }
    catch {
        return fail(task, { of: 'result', ...findUnclonable(result) });
    }
    return task.end(isTold ? Status.resulted : Status.completed) ? false : condemned;
}
function fail(task, failure) {
    task.tell({ kind: 'failure', failure });
    return task.end(Status.failed) ? true : condemned;
}
/** A task that is condemned goes no further: its thread is about to be stopped. */
const condemned = new Promise(() => { });
async function load({ call, source, progress }) {
    progress.begin(call, Status.loading);
    const found = functionsOf(source.module, await importModule(source.module)).get(source.exportName);
    if (found === undefined)
        throw new Error(`it exports no function "${source.exportName}" there`);
    // What it has begun, a server on a port that the main thread has taken, fails in a turn to come.
    await turn();
    loaded.set(keyOf(source), found);
    return found;
}
async function importModule(module) {
    try {
        return await import(module);
    }
    catch (error) {
        // On Node 20 tsx and others compile what is imported on the main thread only, but what is required in all threads.
        if (error?.code !== 'ERR_UNKNOWN_FILE_EXTENSION')
            throw error;
        return createRequire(module)(fileURLToPath(module));
    }
}
function keyOf({ module, exportName }) {
    return `${module}#${exportName}`;
}
function isThenable(value) {
    return typeof value?.then === 'function';
}
process.on('uncaughtException', (thrown) => {
    const task = currentRun();
    const error = toErrorData(thrown);
    // The one that is running now is not to blame for a task that has ended.
    if (task === undefined || task.hasEnded) {
        return parentPort?.postMessage(envelop({ kind: 'late', task: task?.source.name, error }));
    }
    task.tell({ kind: 'crash', error });
    process.exit(1);
});
