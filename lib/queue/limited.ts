import { clearTimeout, setTimeout } from '../core/timers.js'

/** Something has taken too long. */
export class Late extends Error {
  constructor (milliseconds: number) {
    super(`the server has not answered within ${milliseconds} ms`)
  }
}

/**
 * What a promise settles to, unless it takes longer.
 *
 * @param signal rejects with its reason when it aborts
 * @throws `Late` then; nobody looks at the promise any more
 */
export async function limited<T> (promise: Promise<T>, milliseconds: number, signal?: AbortSignal): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    const stop = (): void => { settle(() => { reject(signal?.reason) }) }
    const timer = setTimeout(() => { settle(() => { reject(new Late(milliseconds)) }) }, milliseconds)
    const settle = (end: () => void): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
      end()
    }
    signal?.addEventListener('abort', stop)
    promise.then((value) => { settle(() => { resolve(value) }) }, (error: unknown) => { settle(() => { reject(error) }) })
  })
}
