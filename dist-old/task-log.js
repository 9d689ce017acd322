import { inspect } from 'node:util';
import { isError } from './core/is-error.js';
import { levels, lowestLevel } from './core/task-logger.js';
/** Logs what becomes of tasks, counts them, and tells `onTaskError`. Nothing that fails in here reaches a task. */
export class TaskLog {
    log;
    request;
    #listeners;
    constructor(log, listeners, request) {
        this.log = log;
        this.request = request;
        this.#listeners = listeners;
    }
    taskCompleted(run) {
        this.#listeners.metrics?.taskEnded(run, 'completed');
        if (lowestLevel(this.log) <= levels.debug)
            this.#write('debug', fieldsOf(run), 'background task completed');
    }
    taskRetried(error, run) {
        run.ended();
        this.#write('warn', { err: toError(error), ...fieldsOf(run) }, 'background task failed, and is tried again');
    }
    taskFailed(error, run, task, skipped) {
        this.#listeners.metrics?.taskEnded(run, 'failed');
        this.#write('error', {
            err: toError(error),
            ...fieldsOf(run),
            ...(skipped.length > 0 && { skipped: skipped.map(({ name }) => name) })
        }, 'background task failed');
        this.#tell(error, task).catch((err) => {
            this.#write('error', { err: toError(err), task: task.name }, 'onTaskError failed');
        });
    }
    taskUnfinished(task, state) {
        this.#write('error', { task: task.name, execution: task.execution, state }, 'background task unfinished: closeTimeout has passed');
    }
    /** Async for its errors alone: nothing keeps an async function, or one that throws, out of the option. */
    async #tell(error, task) {
        await this.#listeners.onTaskError?.(error, task, this.request);
    }
    /** A logger's serializers are users' code, and so are the getters of what is logged: any of them may throw. */
    #write(level, fields, message) {
        try {
            this.log[level](fields, message);
        }
        catch {
            try {
                this.log[level]({ ...fields, err: new Error('The error cannot be logged: a getter or serializer throws') }, message);
            }
            catch { }
        }
    }
}
/** What log lines tell of an attempt. */
function fieldsOf(run) {
    return {
        task: run.name,
        taskId: run.id,
        execution: run.executionName,
        attempt: run.attempt,
        durationMs: rounded(run.duration),
        waitMs: rounded(run.waited)
    };
}
/** Microseconds are enough. */
function rounded(ms) {
    return ms && Math.round(ms * 1e3) / 1e3;
}
/** What is thrown need be no error, but what is logged as `err` must be one to be seen at all. */
function toError(thrown) {
    if (isError(thrown))
        return thrown;
    return new Error(`Thrown, though it is no error: ${show(thrown)}`);
}
function show(thrown) {
    try {
        return inspect(thrown, { depth: 1, maxStringLength: 200 });
    }
    catch {
        return 'it cannot be shown';
    }
}
