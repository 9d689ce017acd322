/** What is needed of prom-client's `Registry`. */
export interface MetricsRegistry {
    getSingleMetric(name: string): unknown;
    registerMetric(metric: any): void;
}
/** Options of the metrics. */
export interface MetricsOptions {
    /**
     * The registry that they are in. Several apps may share one: then the metrics tell of all of them.
     * @default prom-client's default registry
     */
    register?: MetricsRegistry | undefined;
    /**
     * What their names begin with.
     * @default ''
     */
    prefix?: string | undefined;
}
/** Checks the option `metrics`. */
export declare function checkMetricsOptions(options: false | MetricsOptions): void;
