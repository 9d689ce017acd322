import * as threads from 'node:worker_threads'

export function isMainThread () {
  return threads.isMainThread
}
