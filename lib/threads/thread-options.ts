import type { ResourceLimits } from 'node:worker_threads'
import { FST_BGT_INVALID_OPTION } from '../core/errors.js'
import { atLeastOne, checkOptions, milliseconds, type Rule, type Rules } from '../core/option-rules.js'

/** Options of the thread pool. */
export interface ThreadOptions {
  /**
   * The most threads that run concurrently.
   * @default one less than the machine's cores, and at least one
   */
  max?: number | undefined
  /**
   * How long a thread without work is kept, in milliseconds.
   * @default 30_000
   */
  idleTimeout?: number | undefined
  /**
   * What each thread may use. A task that takes more memory fails; the process goes on.
   * https://nodejs.org/api/worker_threads.html#workerresourcelimits
   * @default Node.js's own limits
   */
  resourceLimits?: ResourceLimits | undefined
}

const megabytes = (least: number): Rule => ({
  expected: `a number of megabytes from ${least}`,
  accepts: (value) => typeof value === 'number' && value >= least
})

/**
 * With a heap below 3 MB (Node.js 22 to 26) or a stack below 0.25 MB (all versions), the whole process aborts instead of the
 * thread. The stack must also be larger than the main thread's, to read everything that the main thread can send.
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
  if (typeof options === 'number') throw new FST_BGT_INVALID_OPTION('threads', `it must be false or an object, but got ${String(options)}; for that many threads, pass { max: ${String(options)} }`)

  checkOptions(options, rules, 'threads')
  if (options.resourceLimits !== undefined) checkOptions(options.resourceLimits, resourceRules, 'threads.resourceLimits')
}
