/** Something has taken too long. */
export class Late extends Error {
  constructor (ms: number) {
    super(`the server has not answered within ${ms} ms`)
  }
}

/**
 * What a promise settles to, unless it takes longer.
 *
 * @throws `Late` then; what becomes of the promise is nobody's concern any more
 */
export async function limited<T> (promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  try {
    return await Promise.race([promise, new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => { reject(new Late(ms)) }, ms)
    })])
  } finally {
    clearTimeout(timer)
    promise.catch(() => {})
  }
}
