import pRetry from 'p-retry'

/** How long the first retry waits at least, in milliseconds; each of the others twice as long as the one before. */
const shortestWait = 100
/** How long any waits at most, in milliseconds. */
const longestWait = 30_000

interface RetryOptions {
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined
  /** An attempt has failed, and another one will be made. */
  readonly onRetry: (error: unknown) => void
}

/** Makes attempts until one succeeds, or until `retries` more than the first have failed: then it throws what that threw. */
export async function retry<T> (attempt: (number: number) => Promise<T>, retries: number, { signal, onRetry }: RetryOptions): Promise<T> {
  let success: { readonly result: T } | undefined
  try {
    return await pRetry(async (number) => (success = { result: await attempt(number).catch(fail) }).result, {
      retries,
      minTimeout: shortestWait,
      maxTimeout: longestWait,
      randomize: true, // by up to as long again, so that those who have failed together do not come back together
      signal,
      shouldRetry ({ error }) {
        const { thrown } = error as Failure
        if (signal?.aborted === true || !isWorthwhile(thrown)) return false

        onRetry(thrown)
        return true
      }
    })
  } catch (error) {
    if (success !== undefined) return success.result // pRetry would throw where the signal has aborted meanwhile
    throw error instanceof Failure ? error.thrown : error
  }
}

/** Keeps what a task threw from being taken for an error of the library's own kinds. */
class Failure extends Error {
  readonly thrown: unknown

  constructor (thrown: unknown) {
    super()
    this.thrown = thrown
  }
}

function fail (thrown: unknown): never {
  throw new Failure(thrown)
}

/** An argument that cannot be cloned will not be cloned the next time. */
export function isWorthwhile (thrown: unknown): boolean {
  return (thrown as { code?: unknown } | null)?.code !== 'FST_BGT_ARGUMENT'
}
