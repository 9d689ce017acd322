import * as fastapi from './fastapi.js'
import * as overhead from './overhead.js'
import * as queue from './queue.js'
import * as responsiveness from './responsiveness.js'
import * as threads from './threads.js'

/** The parts of the bench, in their order. */
export const parts = { overhead, threads, responsiveness, queue, fastapi }
