// Tasks of every kind. Each has a number: `tally` counts in memory that threads share how often it has begun and completed.
import { defineTask } from 'fastify-background-tasks'
import { setTimeout as sleep } from 'node:timers/promises'

const begin = ({ begun }, i) => Atomics.add(begun, i, 1) + 1
const complete = ({ completed }, i) => { Atomics.add(completed, i, 1) }

export async function awaited (tally, i) {
  begin(tally, i)
  if (i % 3 === 0) await sleep(i % 10)
  complete(tally, i)
}

export function computing (tally, i) {
  begin(tally, i)
  for (let n = 0; n < i % 20_000; n++) Math.sqrt(n)
  complete(tally, i)
}

export const flaky = defineTask(async (tally, i) => {
  if (begin(tally, i) === 1) throw new Error('at its first attempt')
  complete(tally, i)
}, { retries: 2 })

export const failing = defineTask(async (tally, i) => {
  begin(tally, i)
  throw new Error('at each attempt')
}, { retries: 1 })

export function throwing (tally, i) {
  begin(tally, i)
  throw new Error('in a thread')
}

export function crashing (tally, i) {
  begin(tally, i)
  process.exit(3)
}

export const endless = defineTask((tally, i) => {
  begin(tally, i)
  while (true);
}, { timeout: 50 })
