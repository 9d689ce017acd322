import * as fastapi from './fastapi.js'
import * as growth from './growth.js'
import * as memory from './memory.js'
import * as overhead from './overhead.js'
import * as queue from './queue.js'
import * as responsiveness from './responsiveness.js'
import * as start from './start.js'
import * as threads from './threads.js'

/** The parts of the bench, in their order. */
export const parts = { overhead, fastapi, threads, responsiveness, queue, start, memory, growth }
