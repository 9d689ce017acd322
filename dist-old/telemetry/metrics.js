import { FST_BGT_INVALID_OPTION } from '../core/errors.js';
import { optionsOf } from '../core/task-options.js';
import { sourceOf } from '../core/task-registry.js';
import { loadOptional } from '../optional.js';
/** Upper bounds in seconds: tasks take from less than a millisecond to minutes. */
const buckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300];
/** How many names of functions that are of no task module, and were given none, become labels: code can make any number. */
const mostNames = 200;
/**
 * Prometheus metrics. Names and labels follow https://prometheus.io/docs/practices/naming/.
 */
export class Metrics {
    #apps = new Set();
    #total;
    #duration;
    #wait;
    #names = new Set();
    /**
     * The metrics of a registry: the apps that share it share them.
     *
     * @throws `FST_BGT_MISSING_DEPENDENCY` without prom-client; `FST_BGT_INVALID_OPTION` where the registry has other metrics
     * of these names
     */
    static async open({ register, prefix = '' }) {
        const promClient = await loadOptional('metrics', 'prom-client');
        const registry = register ?? promClient.register;
        const name = `${prefix}background_tasks_pending`;
        const existing = registry.getSingleMetric(name);
        if (existing === undefined)
            return new Metrics(promClient, registry, prefix);
        const metrics = opened.get(existing);
        if (metrics === undefined)
            throw new FST_BGT_INVALID_OPTION('metrics.prefix', `it must be another one, as the registry has a metric "${name}" that is not ours`);
        return metrics;
    }
    constructor({ Counter, Gauge, Histogram }, register, prefix) {
        const apps = this.#apps;
        const registers = [register];
        const labelNames = ['task', 'execution'];
        const gauge = (state, help) => new Gauge({
            name: `${prefix}background_tasks_${state}`,
            help,
            registers,
            collect() {
                let count = 0;
                for (const app of apps)
                    count += app[state];
                this.set(count);
            }
        });
        opened.set(gauge('pending', 'Background tasks that wait'), this);
        gauge('running', 'Background tasks that are running');
        this.#total = new Counter({
            name: `${prefix}background_tasks_total`,
            help: 'Background tasks that have ended, by outcome: completed or failed',
            labelNames: [...labelNames, 'outcome'],
            registers
        });
        this.#duration = new Histogram({
            name: `${prefix}background_task_duration_seconds`,
            help: 'How long the last attempt at a background task took',
            labelNames,
            buckets,
            registers
        });
        this.#wait = new Histogram({
            name: `${prefix}background_task_wait_seconds`,
            help: 'How long a background task waited, from when it was added until its last attempt began',
            labelNames,
            buckets,
            registers
        });
    }
    /** An app's tasks are counted. */
    add(app) {
        this.#apps.add(app);
    }
    /** An app is closed. */
    delete(app) {
        this.#apps.delete(app);
    }
    taskEnded(run, outcome) {
        const task = this.#label(run);
        const execution = run.executionName;
        this.#total.inc({ task, execution, outcome });
        this.#duration.observe({ task, execution }, run.duration / 1e3);
        this.#wait.observe({ task, execution }, (run.waited ?? 0) / 1e3);
    }
    #label({ name, work }) {
        if (this.#names.has(name) || sourceOf(work.func) !== undefined || optionsOf(work.func).name !== undefined)
            return name;
        if (this.#names.size >= mostNames)
            return 'other';
        this.#names.add(name);
        return name;
    }
}
/** By the first metric of each. */
const opened = new WeakMap();
