import { test } from 'tap'
import { Task } from '../../lib/core/task.js'
import { type NewJob, unavailable } from '../../lib/queue/job.js'
import { QueueOutbox } from '../../lib/queue/outbox.js'
import { resolveQueueOptions } from '../../lib/queue/queue-options.js'
import { work } from './harness.js'

class FakeTarget {
  isAway = false
  readonly stored: NewJob[] = []
  readonly withdrawn: string[] = []
  isRefusing = false

  async store (job: NewJob): Promise<void> {
    if (this.isRefusing) throw unavailable()
    this.stored.push(job)
  }

  withdraw (id: string): void {
    this.withdrawn.push(id)
  }
}

function openOutbox (options: object = {}) {
  const [main, heavy] = [new FakeTarget(), new FakeTarget()]
  const queue = resolveQueueOptions({ connection: 'redis://localhost', name: 'main', ...options })
  return { main, heavy, outbox: new QueueOutbox({ queue, timeout: 77 }, 'stop', { id: 'req\0' }, (name) => name === 'main' ? main : heavy) }
}

test('tasks for two queues are two jobs', async (t) => {
  const { outbox, main, heavy } = openOutbox({ attempts: 3, backoff: 9 })
  const tasks = [new Task(work.note, ['', 1]), new Task(work.heavy, ['', 2]), new Task(work.impatient, ['']), new Task(work.heavy, ['', 3])]
  for (const task of tasks) outbox.add(task)
  t.same(outbox.tasks, tasks)
  await outbox.store()
  t.match(main.stored, [{
    data: {
      version: 1,
      onError: 'stop',
      reqId: 'req\ufffd',
      backoff: 9,
      tasks: [{ id: tasks[0]?.id, name: 'work.note', args: ['', 1], attempts: 3, timeout: 77 }, { name: 'work.impatient', attempts: 1, timeout: 50 }]
    }
  }])
  t.same(heavy.stored[0]?.data.tasks.map(({ args }) => args[1]), [2, 3])
})

test('if one of the jobs cannot be stored, the others are withdrawn', async (t) => {
  const { outbox, main, heavy } = openOutbox()
  outbox.add(new Task(work.note, ['', 1]))
  outbox.add(new Task(work.heavy, ['', 2]))
  heavy.isRefusing = true
  await t.rejects(outbox.store(), { code: 'FST_BGT_QUEUE_UNAVAILABLE' })
  t.same(main.withdrawn, [main.stored[0]?.id])
  t.same(heavy.withdrawn, [])
})

test('a task that is refused leaves those before it as they are', async (t) => {
  const { outbox, main } = openOutbox()
  outbox.add(new Task(work.note, ['', 1]))
  t.throws(() => { outbox.add(new Task(work.note, ['', 1n])) }, { code: 'FST_BGT_ARGUMENT', message: 'Background task "work.note" runs on a queue, but its argument 2 (args[1]) cannot be stored: it is 1n. Pass plain data (an id, a path), and let the task look up the rest.' })
  await outbox.store()
  t.equal(main.stored[0]?.data.tasks.length, 1)
})
