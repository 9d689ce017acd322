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

const megabytes: Rule = {
  expected: 'a number of megabytes above 0',
  accepts: (value) => typeof value === 'number' && value > 0
}

const resourceRules: Rules<ResourceLimits> = {
  maxYoungGenerationSizeMb: megabytes,
  maxOldGenerationSizeMb: megabytes,
  codeRangeSizeMb: megabytes,
  stackSizeMb: megabytes
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
export function checkThreadOptions (options: false | ThreadOptions): void {
  if (options === false) return

  checkOptions(options, rules, 'threads')
  if (options.resourceLimits !== undefined) checkOptions(options.resourceLimits, resourceRules, 'threads.resourceLimits')
}
