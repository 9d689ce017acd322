import type { ResourceLimits } from 'node:worker_threads'
import { atLeastOne, checkOptions, milliseconds, type Rule, type Rules } from '../core/options.js'

/** Options of the thread pool. */
export interface ThreadOptions {
  /**
   * The most threads that run at once.
   * @default one less than the machine's cores, and at least one
   */
  max?: number | undefined
  /**
   * How long a thread without work is kept, in milliseconds.
   * @default 30_000
   */
  idleTimeout?: number | undefined
  /**
   * What each thread may use: a task that takes more memory fails, and not the process.
   * https://nodejs.org/api/worker_threads.html#workerresourcelimits
   * @default as Node.js has it
   */
  resourceLimits?: ResourceLimits | undefined
}

const megabytes = (least: number): Rule => ({
  expected: `a number of megabytes from ${least}`,
  accepts: (value) => typeof value === 'number' && value >= least
})

/**
 * With a heap below 3 MB (Node.js 22 to 26) or a stack below 0.25 MB (all), no thread fails: the whole process aborts.
 * And a stack must be larger than that of the main thread, for what that can send to be read.
 */
const resourceRules: Rules<ResourceLimits> = {
  maxYoungGenerationSizeMb: megabytes(1),
  maxOldGenerationSizeMb: megabytes(4),
  codeRangeSizeMb: megabytes(1),
  stackSizeMb: megabytes(2)
}

const rules: Rules<ThreadOptions> = {
  max: atLeastOne,
  idleTimeout: milliseconds,
  resourceLimits: {
    expected: 'an object',
    accepts: (value) => typeof value === 'object' && value !== null
  }
}

/** Checks the option `threads`. */
export function checkThreadOptions (options: false | ThreadOptions = {}): void {
  if (options === false) return

  checkOptions(options, rules, 'threads')
  if (options.resourceLimits !== undefined) checkOptions(options.resourceLimits, resourceRules, 'threads.resourceLimits')
}
