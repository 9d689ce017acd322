import type { Execution } from './execution.js'

/** Any other function: called on the main thread in a turn of its own, so that pending I/O is served between two tasks. */
export const inlineExecution: Execution = {
  name: 'inline',

  takes: () => true,

  run: (func, args) => new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        resolve(func(...args))
      } catch (error) {
        reject(error)
      }
    })
  })
}
