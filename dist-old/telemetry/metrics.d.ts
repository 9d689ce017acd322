import type { TaskRun } from '../core/task-run.js';
import type { MetricsOptions, MetricsRegistry } from './metrics-options.js';
type PromClient = typeof import('prom-client');
/** An app's counts of its tasks. */
interface Counts {
    readonly pending: number;
    readonly running: number;
}
/**
 * Prometheus metrics. Names and labels follow https://prometheus.io/docs/practices/naming/.
 */
export declare class Metrics {
    #private;
    /**
     * The metrics of a registry: the apps that share it share them.
     *
     * @throws `FST_BGT_MISSING_DEPENDENCY` without prom-client; `FST_BGT_INVALID_OPTION` where the registry has other metrics
     * of these names
     */
    static open({ register, prefix }: MetricsOptions): Promise<Metrics>;
    constructor({ Counter, Gauge, Histogram }: PromClient, register: MetricsRegistry, prefix: string);
    /** An app's tasks are counted. */
    add(app: Counts): void;
    /** An app is closed. */
    delete(app: Counts): void;
    taskEnded(run: TaskRun, outcome: 'completed' | 'failed'): void;
}
export {};
