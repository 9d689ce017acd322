import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { Collection } from '../../lib/core/collection.js'
import { Executions } from '../../lib/core/executions.js'
import type { OnError, Owner } from '../../lib/core/owner.js'
import type { TaskFunction } from '../../lib/core/task-function.js'
import { createLogger, type TaskLogger } from '../../lib/core/task-logger.js'
import { nameOf, registerTask } from '../../lib/core/task-registry.js'
import { Task } from '../../lib/core/task.js'
import { openAppQueue, type AppQueue, type AppQueueOptions } from '../../lib/queue/app-queue.js'
import type { JobInfo } from '../../lib/queue/job-run.js'
import { resolveQueueOptions, type QueueOptions } from '../../lib/queue/queue-options.js'
import { type QueueWorker, startWorker } from '../../lib/queue/queue-worker.js'
import * as work from '../fixtures/queue/work.js'
import { openQueue, type QueueServer } from '../helpers/queue.js'

export { work }

/** The functions of the task module, by name, as an app would load them. */
export const functions = new Map<string, TaskFunction>()
for (const [exportName, func] of Object.entries(work)) {
  registerTask(func, { name: `work.${exportName}`, module: 'file:///work.js', exportName })
  functions.set(nameOf(func), func)
}

/** A line that was logged. */
export interface Line {
  readonly level: string
  readonly message: string
  readonly fields: Record<string, any>
}

export class Lines {
  readonly all: Line[] = []
  readonly log: TaskLogger = createLogger((level, args, bindings) => {
    const [first, second] = args
    this.all.push(typeof first === 'string' ? { level, message: first, fields: bindings } : { level, message: String(second), fields: { ...bindings, ...first as object } })
  })

  /** Lines whose message has this in it. */
  with (text: string): Line[] {
    return this.all.filter(({ message }) => message.includes(text))
  }

  async until (text: string, count = 1): Promise<Line> {
    while (this.with(text).length < count) await sleep(10)
    return this.with(text)[count - 1] as Line
  }
}

/** What became of the attempts of a worker. */
export class Outcomes {
  readonly all: string[] = []
  readonly errors: unknown[] = []
  /** How long tasks that have completed had waited, in milliseconds. */
  readonly waits: number[] = []

  readonly createOwner = ({ reqId, signal }: Partial<JobInfo>, lines = new Lines()): Owner => ({
    executions: new Executions(),
    log: lines.log.child({ reqId }),
    signal,
    completed: ({ task, waited }) => {
      this.all.push(`${task.name} completed`)
      this.waits.push(waited as number)
    },
    retried: (error, { task, number }) => {
      this.all.push(`${task.name} retried after ${number}`)
      this.errors.push(error)
    },
    failed: (error, { task }, skipped) => {
      this.all.push([`${task.name} failed`, ...skipped.map(({ name }) => `${name} skipped`)].join(', '))
      this.errors.push(error)
    },
    unfinished: (task) => { this.all.push(`${task.name} unfinished`) }
  })

  async until (count: number): Promise<void> {
    while (this.all.length < count) await sleep(5)
  }
}

export type Added = [func: TaskFunction, ...args: any[]]

/** An app's queue, with its log and what ran in the process. */
export class TestQueue {
  readonly name: string
  readonly queue: AppQueue
  readonly lines: Lines
  /** What ran in this process since it could not be stored. */
  readonly here = new Outcomes()

  constructor (name: string, queue: AppQueue, lines: Lines) {
    this.name = name
    this.queue = queue
    this.lines = lines
  }

  /** A collection with tasks, as a request has it. */
  collect (tasks: Added[], onError: OnError = 'continue', request?: object): Collection {
    const owner = { ...this.here.createOwner({}, this.lines), store: this.queue.store, request, signal: undefined }
    const collection = new Collection(owner, onError)
    for (const [func, ...args] of tasks) collection.add(new Task(func, args))
    return collection
  }

  /** Runs tasks as a request's drain does: stores them, or runs them here. */
  async drain (tasks: Added[], onError?: OnError, request?: object): Promise<void> {
    await this.collect(tasks, onError, request).run()
  }
}

export async function openTestQueue (t: Test, connection: string, options: Partial<QueueOptions> = {}, more: Partial<AppQueueOptions> = {}): Promise<TestQueue> {
  const lines = new Lines()
  const name = options.name ?? `test-${randomUUID()}`
  const queue = await openAppQueue(resolveQueueOptions({ connection, backoff: 20, ...options, name }), { log: lines.log, ...more })
  t.teardown(async () => {
    await queue.abandonWorker()
    await queue.close()
  })
  return new TestQueue(name, queue, lines)
}

export interface TestWorker {
  readonly worker: QueueWorker
  readonly outcomes: Outcomes
  readonly lines: Lines
}

export async function startTestWorker (
  t: Test,
  server: QueueServer,
  name: string,
  { port, known = functions, lockDuration = 3_000, concurrency = 10 }: { port?: number, known?: ReadonlyMap<string, TaskFunction>, lockDuration?: number, concurrency?: number } = {}
): Promise<TestWorker> {
  const lines = new Lines()
  const outcomes = new Outcomes()
  const worker = await startWorker(resolveQueueOptions({ connection: server.url(port), name }), {
    name, concurrency, lockDuration, log: lines.log, functions: known, createOwner: (job) => outcomes.createOwner(job, lines)
  })
  t.teardown(() => worker.abandon())
  return { worker, outcomes, lines }
}

/** A queue on a server, with a worker of another app, and with the same queue as BullMQ has it. */
export async function openWithWorker (t: Test, server: QueueServer, options: Partial<QueueOptions> = {}) {
  const queue = await openTestQueue(t, server.url(), options)
  return { queue, bull: openQueue(t, server, queue.name), ...await startTestWorker(t, server, queue.name) }
}
