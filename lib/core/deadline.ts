import { FST_BGT_TIMEOUT } from './errors.js'
import type { TaskRun } from './task-run.js'

/**
 * What the promise of a run settles to, unless it takes longer than the run's timeout.
 *
 * @throws `FST_BGT_TIMEOUT` then; the run is aborted, and what becomes of it is nobody's concern any more
 */
export function withDeadline<T> (promise: Promise<T>, run: TaskRun): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = new FST_BGT_TIMEOUT(run.name, run.timeout as number)
      reject(error)
      run.abort(error)
    }, run.timeout)
    const settle = <V>(settler: (value: V) => void) => (value: V) => {
      clearTimeout(timer)
      settler(value)
    }
    promise.then(settle(resolve), settle(reject))
  })
}
