import { checkOptions, type Rule, type Rules } from '../core/option-rules.js'

/** What is needed of prom-client's `Registry`. */
export interface MetricsRegistry {
  getSingleMetric (name: string): unknown
  registerMetric (metric: any): void
}

/** Options of the metrics. */
export interface MetricsOptions {
  /**
   * The registry that they are in. Several apps may share one: then the metrics cover all of them.
   * @default prom-client's default registry
   */
  register?: MetricsRegistry | undefined
  /**
   * What their names begin with.
   * @default ''
   */
  prefix?: string | undefined
}

const aRegistry: Rule = {
  expected: 'a Registry of prom-client',
  accepts: (value) => typeof (value as Partial<MetricsRegistry> | null)?.getSingleMetric === 'function' &&
    typeof (value as Partial<MetricsRegistry>).registerMetric === 'function'
}

const aPrefix: Rule = {
  expected: 'the beginning of a metric\'s name: letters, digits, "_" and ":", and no digit first',
  accepts: (value) => typeof value === 'string' && /^([a-zA-Z_:][a-zA-Z0-9_:]*)?$/.test(value)
}

const rules: Rules<MetricsOptions> = { register: aRegistry, prefix: aPrefix }

/** Checks the option `metrics`. */
export function checkMetricsOptions (options: boolean | MetricsOptions = false): void {
  if (typeof options !== 'boolean') checkOptions(options, rules, 'metrics')
}
