import { randomUUID } from 'node:crypto'
import { FST_BGT_ARGUMENT, FST_BGT_INVALID_OPTION } from '../core/errors.js'
import type { OnError, Outbox, TaskStore } from '../core/owner.js'
import type { TaskFunction } from '../core/task-function.js'
import { optionsOf } from '../core/task-options.js'
import { sourceOf } from '../core/task-registry.js'
import type { Task } from '../core/task.js'
import type { JobTarget, NewJob, StoredTask } from './job.js'
import { findLoss } from './json.js'
import type { ResolvedQueueOptions } from './queue-options.js'
import { safeText } from './safe-text.js'
import type { Transactions } from './transaction.js'

/** How many bytes of JSON the arguments of a job's tasks may have together. */
const mostBytes = 1_000_000

/** What an app says about its queue tasks. */
export interface StoreOptions {
  readonly queue: ResolvedQueueOptions
  /** The longest that an attempt may take, in milliseconds, unless its function has a `timeout` of its own. */
  readonly timeout?: number | undefined
  /** Stores jobs in transactions of the application; `undefined` if the queue is not on PostgreSQL. */
  readonly transactions?: Transactions | undefined
}

/** Stores the tasks whose functions task modules export. */
export class QueueStore<Target extends JobTarget = JobTarget> implements TaskStore {
  readonly #options: StoreOptions
  readonly #open: (queue: string) => Target
  readonly #targets = new Map<string, Target>()

  /** @param open called once for each queue that tasks name */
  constructor (options: StoreOptions, open: (queue: string) => Target) {
    this.#options = options
    this.#open = open
  }

  /** Where jobs are stored, for each queue that tasks have named. */
  get targets (): Target[] {
    return [...this.#targets.values()]
  }

  takes (func: TaskFunction): boolean {
    return sourceOf(func) !== undefined && optionsOf(func).queue !== false
  }

  open ({ onError, request }: { readonly onError: OnError, readonly request?: unknown }): Outbox {
    return new QueueOutbox(this.#options, onError, request, (name) => this.targetOf(name))
  }

  targetOf (name: string): Target {
    let target = this.#targets.get(name)
    if (target === undefined) this.#targets.set(name, target = this.#open(name))
    return target
  }
}

/** The tasks of a collection that are stored in one queue: one job. */
interface JobDraft {
  readonly tasks: Task[]
  bytes: number
}

/** The tasks of a collection that are to be stored: a job for each queue that they name. */
export class QueueOutbox implements Outbox {
  readonly tasks: Task[] = []
  readonly #options: StoreOptions
  readonly #onError: OnError
  readonly #reqId: string | undefined
  readonly #targetOf: (queue: string) => JobTarget
  readonly #drafts = new Map<string, JobDraft>()

  constructor (options: StoreOptions, onError: OnError, request: unknown, targetOf: (queue: string) => JobTarget) {
    this.#options = options
    this.#onError = onError
    this.#reqId = idOf(request)
    this.#targetOf = targetOf
  }

  get isAway (): boolean {
    return [...this.#drafts.keys()].some((name) => this.#targetOf(name).isAway)
  }

  add (task: Task): void {
    const { queue } = optionsOf(task.func)
    const name = typeof queue === 'string' ? queue : this.#options.queue.name
    this.#put(task, name, checkArguments(task, this.#drafts.get(name)?.bytes ?? 0))
  }

  join (later: this): void {
    for (const [name, { tasks, bytes }] of later.#drafts) {
      const all = bytes + (this.#drafts.get(name)?.bytes ?? 0)
      for (const task of tasks) this.#put(task, name, all)
    }
  }

  async store (): Promise<void> {
    const jobs = [...this.#drafts].map(([name, draft]) => ({ target: this.#targetOf(name), job: this.#jobOf(draft) }))
    const results = await Promise.allSettled(jobs.map(async ({ target, job }) => { await target.store(job) }))
    const failure = results.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined
    if (failure === undefined) return

    for (const [i, { target, job }] of jobs.entries()) if (results[i]?.status === 'fulfilled') target.withdraw(job.id)
    throw failure.reason
  }

  async storeIn (client: unknown): Promise<void> {
    const { transactions, queue: { kind } } = this.#options
    if (transactions === undefined) throw new FST_BGT_INVALID_OPTION('queue', `storeIn() needs a queue on PostgreSQL, and this one is ${kind === 'memory' ? 'memory:' : `on ${kind}`}; set the option to the address of the client's database, postgres://…`)

    const jobs = [...this.#drafts].map(([queue, draft]) => ({ queue, job: this.#jobOf(draft) }))
    await transactions.store(client, jobs)
    for (const { queue, job } of jobs) this.#targetOf(queue).storedElsewhere?.(job.id)
  }

  #put (task: Task, queue: string, bytes: number): void {
    const draft = this.#drafts.get(queue) ?? { tasks: [], bytes: 0 }
    draft.bytes = bytes
    draft.tasks.push(task)
    this.tasks.push(task)
    this.#drafts.set(queue, draft)
  }

  #jobOf ({ tasks, bytes }: JobDraft): NewJob {
    const { backoff } = this.#options.queue
    const data = { version: 1, onError: this.#onError, reqId: this.#reqId, backoff, tasks: tasks.map((task) => this.#stored(task)) } as const
    return { id: randomUUID(), data, size: bytes }
  }

  #stored ({ id, name, func, args }: Task): StoredTask {
    const { retries, timeout = this.#options.timeout } = optionsOf(func)
    return { id, name, args: [...args], attempts: retries === undefined ? this.#options.queue.attempts : retries + 1, timeout }
  }
}

/**
 * Returns how many bytes of JSON its job has with this task.
 *
 * @throws `FST_BGT_ARGUMENT` if its arguments do not survive JSON, or are too large
 */
function checkArguments ({ name, args }: Task, bytes: number): number {
  const loss = findLoss([...args])
  if (loss !== undefined) {
    const position = Number.parseInt(loss.path.slice(1)) + 1 // of "[0].text"
    throw new FST_BGT_ARGUMENT(name, 'on a queue', `its argument ${position} (args${loss.path}) cannot be stored: it is ${loss.problem}`)
  }

  const own = Buffer.byteLength(JSON.stringify(args))
  const all = bytes + own
  if (all > mostBytes) throw new FST_BGT_ARGUMENT(name, 'on a queue', `its arguments take ${own} bytes of JSON, ${all} with those of the tasks before it, and a job may have ${mostBytes}`)
  return all
}

/** The id of a request, as Fastify or the application made it. */
function idOf (request: unknown): string | undefined {
  const id = (request as { id?: unknown } | null | undefined)?.id
  return id === undefined ? undefined : safeText(String(id), 200)
}
