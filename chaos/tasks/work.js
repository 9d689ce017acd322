// What goes to threads and to the queue. Each task gets what it is to do: { t, kind, ms }.
import { defineTask, taskContext } from 'fastify-background-tasks'
import { setTimeout as sleep } from 'node:timers/promises'
import { threadId } from 'node:worker_threads'
import { record } from '../record.js'

/** Records that an attempt begins. Returns which, and what records its end. */
export function begin ({ t, kind }) {
  const { id, attempt, signal } = taskContext()
  record('begin', { t, kind, id, attempt, thread: threadId })
  return { attempt, signal, end: (ok = true) => { record('end', { t, kind, id, attempt, ok }) } }
}

export function work (task, func) {
  const { attempt, end } = begin(task)
  func?.(attempt, end)
  end()
}

export async function workAsync (task) {
  const { end } = begin(task)
  await sleep(task.ms)
  end()
}

/** Fails as long as `attempt` is at most `failures`. */
export const failUntil = (failures) => (attempt, end) => {
  if (attempt > failures) return
  end(false)
  throw new Error('as it should')
}

function spin ({ ms }) {
  const until = performance.now() + ms
  while (performance.now() < until);
}

export async function awaited (task) { await workAsync(task) }
export function computing (task) { work(task, () => { spin(task) }) }
export const local = defineTask(async (task) => { await workAsync(task) }, { queue: false })
export const localThread = defineTask((task) => { work(task, () => { spin(task) }) }, { queue: false })
export const limited = defineTask(async (task) => { await workAsync(task) }, { concurrency: 2 })
export const limitedThread = defineTask((task) => { work(task, () => { spin(task) }) }, { concurrency: 1 })
export const flaky = defineTask(async (task) => { work(task, failUntil(1)) }, { retries: 2 })
export const flakyThread = defineTask((task) => { work(task, failUntil(1)) }, { retries: 2 })
export const failing = defineTask(async (task) => { work(task, failUntil(Infinity)) }, { retries: 1 })
export const throwing = defineTask((task) => { work(task, failUntil(Infinity)) }, { retries: 0 })

export const slow = defineTask(async (task) => {
  const { signal, end } = begin(task)
  await new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => {
      end(false)
      reject(signal.reason)
    })
  })
}, { timeout: 60, retries: 0 })

export const endless = defineTask((task) => {
  begin(task)
  while (true);
}, { timeout: 100, retries: 0 })

export const crashing = defineTask((task) => {
  begin(task)
  process.exit(3)
}, { retries: 0 })

export const hungry = defineTask((task) => {
  begin(task)
  const eaten = []
  while (true) eaten.push(new Array(10_000).fill(eaten.length))
}, { retries: 0 })
