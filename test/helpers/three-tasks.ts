import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import * as work from '../fixtures/queue/work.js'
import type { Notes } from './queue.js'

/** A route `/:n`, whose requests add three tasks each; the second one takes some milliseconds. */
export function addThreeTasks (app: FastifyInstance, notes: Notes, ms: number): void {
  app.get<{ Params: { n: string } }>('/:n', async (request) => {
    const n = Number(request.params.n)
    request.backgroundTasks.addTask(work.note, notes.file, [n, 'first'])
    request.backgroundTasks.addTask(work.slow, notes.file, [n, 'second'], ms)
    request.backgroundTasks.addTask(work.note, notes.file, [n, 'third'])
    return 'ok'
  })
}

/** Checks that the three tasks of each of 60 requests have run, in order, and that only such as were running have run again. */
export function checkThreeTasks (t: Test, notes: Notes): void {
  const lines = notes.lines.map((line) => JSON.stringify(line))
  t.equal(new Set(lines).size, 180, 'every task has run')
  const repeated = lines.length - 180
  t.ok(repeated <= 10, `${repeated} of the ten that were running have run again`)
  for (let n = 0; n < 60; n++) {
    const own = (notes.lines as Array<[number, string]>).filter(([of]) => of === n).map(([, task]) => task)
    t.same([...new Set(own)], ['first', 'second', 'third'])
  }
}
