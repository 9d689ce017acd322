import type { Counter, Histogram } from 'prom-client'
import type { Attempt } from '../core/attempt.js'
import { FST_BGT_INVALID_OPTION } from '../core/errors.js'
import { checkOptions, loadOptional, type Rule, type Rules } from '../core/option-rules.js'
import { optionsOf } from '../core/task-options.js'
import { sourceOf } from '../core/task-registry.js'

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
  expected: 'a prefix of metric names: letters, digits, "_" and ":", and no digit first',
  accepts: (value) => typeof value === 'string' && /^([a-zA-Z_:][a-zA-Z0-9_:]*)?$/.test(value)
}

const rules: Rules<MetricsOptions> = { register: aRegistry, prefix: aPrefix }

/** Checks the option `metrics`. */
export function checkMetricsOptions (options: boolean | MetricsOptions = false): void {
  if (typeof options !== 'boolean') checkOptions(options, rules, 'metrics')
}

type PromClient = typeof import('prom-client')

/** An app's counts of its tasks. */
interface Counts {
  readonly pending: number
  readonly running: number
}

/** What the metrics are called, behind the prefix. */
const names = {
  pending: 'background_tasks_pending',
  running: 'background_tasks_running',
  total: 'background_tasks_total',
  duration: 'background_task_duration_seconds',
  wait: 'background_task_wait_seconds',
  takenOver: 'background_tasks_taken_over_total'
} as const

/** Upper bounds in seconds: tasks take from less than a millisecond to minutes. */
const buckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300]

/** How many names of functions that are of no task module, and were given none, become labels: code can make any number. */
const mostNames = 200

/**
 * Prometheus metrics. Names and labels follow https://prometheus.io/docs/practices/naming/.
 */
export class Metrics {
  readonly #apps = new Set<Counts>()
  readonly #total: Counter<'task' | 'execution' | 'outcome'>
  readonly #duration: Histogram<'task' | 'execution'>
  readonly #wait: Histogram<'task' | 'execution'>
  readonly #createTakenOver: () => Counter
  #takenOver: Counter | undefined
  readonly #names = new Set<string>()

  /**
   * The metrics of a registry: the apps that share it share them.
   *
   * @throws `FST_BGT_MISSING_DEPENDENCY` without prom-client; `FST_BGT_INVALID_OPTION` where the registry has other metrics
   * of these names
   */
  static async open (options: true | MetricsOptions): Promise<Metrics> {
    const { register, prefix = '' } = options === true ? {} as MetricsOptions : options
    const promClient = await loadOptional<PromClient>('metrics', 'prom-client')
    const registry = register ?? promClient.register
    const known = opened.get(registry.getSingleMetric(prefix + names.pending) as object)
    if (known !== undefined) return known

    // Before any is registered: prom-client keeps those that it took before it refused one.
    const taken = Object.values(names).find((name) => registry.getSingleMetric(prefix + name) !== undefined)
    if (taken !== undefined) throw new FST_BGT_INVALID_OPTION('metrics.prefix', `the registry already has a metric "${prefix}${taken}", registered by another part of the application; choose another prefix`)
    return new Metrics(promClient, registry, prefix)
  }

  private constructor ({ Counter, Gauge, Histogram }: PromClient, register: MetricsRegistry, prefix: string) {
    const apps = this.#apps
    const registers = [register as never]
    const labelNames = ['task', 'execution'] as const
    const gauge = (state: keyof Counts, help: string): object => new Gauge({
      name: prefix + names[state],
      help,
      registers,
      collect () {
        let count = 0
        for (const app of apps) count += app[state]
        this.set(count)
      }
    })

    opened.set(gauge('pending', 'Background tasks that wait'), this)
    gauge('running', 'Background tasks that are running')
    this.#total = new Counter({
      name: prefix + names.total,
      help: 'Background tasks that have ended, by outcome: completed, failed, or stored on the queue',
      labelNames: [...labelNames, 'outcome'],
      registers
    })
    this.#createTakenOver = () => new Counter({ name: prefix + names.takenOver, help: 'Jobs that were taken over from a worker that has died or lost its lock', registers })
    this.#duration = new Histogram({
      name: prefix + names.duration,
      help: 'How long the last attempt at a background task took',
      labelNames,
      buckets,
      registers
    })
    this.#wait = new Histogram({
      name: prefix + names.wait,
      help: 'How long a background task waited, from when it was added until its last attempt began',
      labelNames,
      buckets,
      registers
    })
  }

  /** An app's tasks are counted. */
  add (app: Counts): void {
    this.#apps.add(app)
  }

  /** An app is closed. */
  delete (app: Counts): void {
    this.#apps.delete(app)
  }

  /** Counts a task that has ended. A registry is users' code: nothing that it throws reaches a task. */
  taskEnded (attempt: Attempt, outcome: 'completed' | 'stored' | 'failed'): void {
    try {
      const labels = { task: this.#label(attempt), execution: attempt.execution }
      this.#total.inc({ ...labels, outcome })
      this.#duration.observe(labels, Number(attempt.duration) / 1e3)
      this.#wait.observe(labels, (attempt.waited ?? 0) / 1e3)
    } catch {}
  }

  /** Counts jobs that were taken over from a worker that has died or lost it. */
  takenOver (count: number): void {
    try {
      this.#takenOver?.inc(count)
    } catch {}
  }

  /** Adds the metrics of workers. */
  forWorker (): this {
    this.#takenOver ??= this.#createTakenOver()
    return this
  }

  #label ({ task: { name, func } }: Attempt): string {
    if (this.#names.has(name) || sourceOf(func) !== undefined || optionsOf(func).name !== undefined) return name
    if (this.#names.size >= mostNames) return 'other'

    this.#names.add(name)
    return name
  }
}

/** By the first metric of each. */
const opened = new WeakMap<object, Metrics>()
