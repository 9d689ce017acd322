// The model: the kinds of tasks, and what is to be expected of each.

/**
 * `weight`: how often the load chooses it. `place`: whether it is a closure, or exported by a task module, where `module` may
 * go to the queue and `local` may not. `fails`: with which code it fails permanently. `attempts`: how many it needs.
 * `hasNoEnd`: it is ended from outside, and records no end. `most`: its own `concurrency`.
 */
export const kinds = {
  closure: { weight: 12, place: 'closure' },
  asyncClosure: { weight: 12, place: 'closure' },
  flakyClosure: { weight: 4, place: 'closure', attempts: 2 },
  throwingClosure: { weight: 3, place: 'closure', fails: 'Error' },
  adder: { weight: 4, place: 'closure' },
  local: { weight: 6, place: 'local' },
  localThread: { weight: 6, place: 'local' },
  awaited: { weight: 20, place: 'module' },
  computing: { weight: 14, place: 'module' },
  flaky: { weight: 4, place: 'module', attempts: 2 },
  flakyThread: { weight: 3, place: 'module', attempts: 2 },
  failing: { weight: 3, place: 'module', attempts: 2, fails: 'Error' },
  throwing: { weight: 3, place: 'module', fails: 'Error' },
  limited: { weight: 6, place: 'module', most: 2 },
  limitedThread: { weight: 3, place: 'module', most: 1 },
  slow: { weight: 3, place: 'module', fails: 'FST_BGT_TIMEOUT' },
  endless: { weight: 0.5, place: 'module', fails: 'FST_BGT_TIMEOUT', hasNoEnd: true },
  crashing: { weight: 0.5, place: 'module', fails: 'FST_BGT_THREAD', hasNoEnd: true },
  hungry: { weight: 0.1, place: 'module', fails: 'FST_BGT_THREAD', hasNoEnd: true },
  released: { weight: 4, place: 'module' },
  waitUntil: { weight: 4, place: 'promise' }
}

/** How many attempts may run in an API at once, threads in any process, and jobs in a worker. */
export const bounds = { running: 6, threads: 2, jobs: 4 }
