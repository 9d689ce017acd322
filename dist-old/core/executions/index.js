import { optionsOf } from '../task-options.js';
import { hasSources } from '../task-registry.js';
import { TaskRun } from '../task-run.js';
import { AwaitExecution } from './await.js';
import { InlineExecution } from './inline.js';
import { ThreadExecution } from './thread.js';
/** The executions there are: an app has its own. */
export class Executions {
    /** The first that takes a function runs it, and the last takes any. */
    #all;
    #options;
    constructor(options) {
        this.#options = options;
        this.#all = [new AwaitExecution(), new ThreadExecution(options), new InlineExecution(options)];
    }
    /** Whether one of them takes neighbouring tasks together. */
    get haveLanes() {
        return this.#options.threads !== undefined && hasSources();
    }
    /** Chooses how a function runs. */
    of(func) {
        return this.#all.find((execution) => execution.takes(func));
    }
    /** How often a function is tried again. */
    retriesOf(func) {
        return optionsOf(func).retries ?? this.#options.retries ?? 0;
    }
    /** An attempt at a call. */
    begin(call, host, identity, attempt) {
        const { func } = call;
        return new TaskRun(call, this.of(func), optionsOf(func).timeout ?? this.#options.timeout, host, identity, attempt);
    }
    /** Makes an attempt, and tells those who listen. */
    run(run) {
        const { tracer } = this.#options;
        return tracer?.isOn ? tracer.trace(run, () => this.#start(run)) : this.#start(run);
    }
    /** Whether anybody listens. */
    get isTraced() {
        return this.#options.tracer?.isOn === true;
    }
    /** Tells those who listen of an attempt that was handed over. */
    follow(run, promise) {
        return this.#options.tracer.trace(run, () => promise);
    }
    #start(run) {
        return run.execution?.run(run) ?? run.call((task) => task.run(this), [run.work]);
    }
}
/** What holds for tasks that no app runs. */
export const defaultOptions = {};
/** For tasks that no app runs. */
export const defaultExecutions = new Executions(defaultOptions);
