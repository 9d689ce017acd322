import { FST_BGT_TIMEOUT } from './errors.js'

/**
 * What `work` settles to, unless it takes longer than `timeout` milliseconds.
 *
 * @throws `FST_BGT_TIMEOUT` then; what becomes of the work is nobody's concern any more
 */
export function withDeadline<T> (work: Promise<T>, timeout: number, name: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => { reject(new FST_BGT_TIMEOUT(name, timeout)) }, timeout)
    const settle = <V>(settler: (value: V) => void) => (value: V) => {
      clearTimeout(timer)
      settler(value)
    }
    work.then(settle(resolve), settle(reject))
  })
}
