import { AsyncLocalStorage } from 'node:async_hooks';
import { promiseHooks } from 'node:v8';
const storage = new AsyncLocalStorage();
let usesStorage = Number(process.versions.node.split('.')[0]) >= 24;
const kRun = Symbol('fastify-background-tasks.run');
const hooks = {
    init(promise) { if (current !== undefined)
        promise[kRun] = current; },
    before(promise) { current = promise[kRun]; },
    after() { current = undefined; }
};
let current;
/** How many runs the hooks follow. */
let followed = 0;
let unhook;
/** Calls a function as the code of a run. What it returns is a promise where it can be awaited. */
export function enter(run, func, args) {
    return usesStorage ? storage.run(run, call, func, args) : follow(run, func, args);
}
function follow(run, func, args) {
    if (followed++ === 0)
        unhook = promiseHooks.createHook(hooks);
    const before = current;
    let result;
    current = run;
    try {
        return (result = call(func, args));
    }
    finally {
        current = before;
        if (result instanceof Promise)
            result.then(leave, leave);
        else
            leave();
    }
}
/** A thenable's `then` is called here and now, as what it does is the run's, too. */
function call(func, args) {
    const result = func(...args);
    if (result instanceof Promise || typeof result?.then !== 'function')
        return result;
    return new Promise((resolve, reject) => { result.then(resolve, reject); });
}
function leave() {
    if (--followed === 0)
        unhook?.();
}
/** The run whose code this is. */
export function currentRun() {
    return storage.getStore() ?? current;
}
/** In runs that begin from now on callbacks know them, too. */
export function followCallbacks() {
    usesStorage = true;
}
