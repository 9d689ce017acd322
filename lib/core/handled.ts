/** A promise whose rejection nobody needs to handle. */
export function handled<T> (promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
