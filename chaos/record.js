// The history: one file, to which every process and thread of a run appends lines of JSON. The kernel puts appended lines in
// order, so the order of lines is the order in which things happened. A killed process loses nothing that it has written.
import { openSync, writeSync } from 'node:fs'

let file

/** Milliseconds of a clock that all processes share, and that no fault moves. */
export const now = () => Number(process.hrtime.bigint() / 1_000_000n)

/** Appends an event to the history that the environment names. */
export function record (event, fields) {
  file ??= openSync(process.env.CHAOS_HISTORY, 'a')
  writeSync(file, `${JSON.stringify({ event, at: now(), pid: process.pid, ...fields })}\n`)
}
