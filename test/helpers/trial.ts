import fc from 'fast-check'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { OnError, RunOn } from '../../lib/index.js'
import { note } from '../fixtures/tasks/work.js'
import type { Log } from './app.js'
import { Client } from './client.js'
import { createNotes, notesIn } from './notes.js'
import { addPlans, asThrown, expectedOf, nameOf, numbered, onErrors, taskPlans, thrownByAll, type Expected, type TaskPlan, type Thrown } from './plan.js'
import { deferred } from './promise.js'

/** A request as it is made up. */
export interface RequestPlan {
  readonly tasks: TaskPlan[]
  /** Added when the handler has been at work for a while. */
  readonly later: TaskPlan[]
  /** Whether the handler itself runs the first ones. */
  readonly runsByHand: boolean
  readonly ending: 'replies' | 'streams' | 'fails' | 'is not found' | 'hijacks' | 'loses its client' | 'loses its client in mid-stream' | 'may lose its client'
  readonly by: 'GET' | 'HEAD' | 'inject'
  readonly runOn: RunOn
  readonly onError: OnError
  /** How long the handler, the client before it leaves, and the client before it begins, take, in milliseconds. */
  readonly works: number
  readonly stays: number
  readonly waits: number
}

const runOns = fc.constantFrom<RunOn>('always', 'success')

/** A random request. */
export const requestPlans: fc.Arbitrary<RequestPlan> = fc.record({
  tasks: taskPlans,
  later: fc.oneof(fc.constant<TaskPlan[]>([]), taskPlans),
  runsByHand: fc.integer({ min: 0, max: 3 }).map((n) => n === 3),
  ending: fc.constantFrom('replies', 'streams', 'fails', 'is not found', 'hijacks', 'loses its client', 'loses its client in mid-stream', 'may lose its client'),
  by: fc.constantFrom('GET', 'GET', 'HEAD', 'inject'),
  runOn: runOns,
  onError: onErrors,
  works: fc.nat(3),
  stays: fc.nat(5),
  waits: fc.nat(5)
})

/** What the handler, and the response, note down between the numbers of tasks. */
const handlerSettled = 1_000_001
const responseOver = 1_000_002

/** Notes that it runs, where it could not be told otherwise whether the others have: collections may be empty. */
const witness: TaskPlan = { id: 0, kind: 'async', failures: 0, adds: [], to: 'own' }

/** A request that is made, and what becomes of its tasks. */
export class Trial {
  static #all = new Map<string, Trial>()

  readonly plan: RequestPlan
  readonly notes = createNotes(2_000)
  /** What `onTaskError` was told. */
  readonly told: Thrown[] = []
  readonly #id = String(Trial.#all.size + 1)
  readonly #begun = deferred()
  readonly #settled = deferred()
  readonly #over = deferred()
  #thrownByHand: Thrown | undefined
  #requestId: string | undefined

  constructor (plan: RequestPlan) {
    const next = { id: 1 }
    const later = plan.ending === 'may lose its client' ? [...plan.later, witness] : plan.later
    this.plan = { ...plan, tasks: numbered(plan.tasks, next), later: numbered(later, next) }
    Trial.#all.set(this.#id, this)
  }

  /** The routes of trials. */
  static addRoutes (app: FastifyInstance): void {
    for (const runOn of ['always', 'success'] as const) {
      for (const onError of ['continue', 'stop'] as const) {
        app.get<{ Params: { id: string } }>(`/${runOn}/${onError}/:id`, { config: { backgroundTasks: { runOn, onError } } }, async (request, reply) => {
          return await (Trial.#all.get(request.params.id) as Trial).#handle(request, reply)
        })
      }
    }
  }

  /** For the option `onTaskError`. */
  static tell (error: unknown, request: FastifyRequest | undefined): void {
    if (request !== undefined) Trial.#all.get((request.params as { id: string }).id)?.told.push(asThrown(error))
  }

  /** Whether the handler was called. */
  get hasBegun (): boolean {
    return this.#requestId !== undefined
  }

  /** Makes the request. Resolves when the response is over, and the handler has settled; rejects where the server does not take it. */
  async run (app: FastifyInstance, port: number): Promise<void> {
    const { by, ending, waits } = this.plan
    await sleep(waits)
    const isLeft = ending.includes('lose')
    if (by === 'inject' && !isLeft) await app.inject(this.#url)
    else await this.#send(port, isLeft ? 'GET' : by === 'HEAD' ? by : 'GET')
    if (!this.hasBegun) throw new Error('the server has not taken the request')
    await Promise.all([this.#settled.promise, this.#over.promise])
  }

  /** What tasks have noted. */
  get ran (): number[] {
    return notesIn(this.notes).filter((id) => id < handlerSettled)
  }

  /** What has to become of the tasks, those that the handler itself runs first. */
  get expected (): Expected {
    const { first, rest } = this.#expected
    return { notes: [...first.notes, ...rest.notes], completed: first.completed + rest.completed, failures: [...first.failures, ...rest.failures] }
  }

  /** Fails where that has not become of them. */
  check (log: Log): void {
    const { first, rest } = this.#expected
    assert.deepEqual(this.ran, [...first.notes, ...rest.notes], 'each runs once, in order, one at a time')
    const before = notesIn(this.notes).slice(0, first.notes.length + 2)
    assert.ok(before.includes(responseOver), 'none starts before the response is over')
    // A hijacked reply may be over, and its tasks begin, before its handler settles.
    if (this.plan.ending !== 'hijacks') assert.ok(before.includes(handlerSettled), 'none starts before the handler has settled')
    assert.deepEqual(this.#thrownByHand, this.plan.runsByHand ? thrownByAll(first.failures.map(({ thrown }) => thrown)) : undefined)

    const failures = [...first.failures, ...rest.failures]
    assert.deepEqual(this.told, failures.map(({ thrown }) => thrown), 'onTaskError is told once of each failure')
    const lines = log.failed.filter(({ reqId }) => reqId === this.#requestId)
    assert.deepEqual(lines.map(({ skipped = [] }) => skipped), failures.map(({ skipped }) => skipped), 'what is skipped is logged')
    const discarded = log.with('background tasks discarded: the response was not successful, and runOn is "success"').filter(({ reqId }) => reqId === this.#requestId)
    assert.deepEqual(discarded.flatMap(({ tasks }) => tasks), this.#isDiscarded ? this.#drained.map(nameOf) : [], 'what is discarded is logged')
  }

  get #url (): string {
    return `/${this.plan.runOn}/${this.plan.onError}/${this.#id}`
  }

  /** What the handler itself runs. */
  get #byHand (): TaskPlan[] {
    return this.plan.runsByHand ? this.plan.tasks : []
  }

  /** What the drain has. */
  get #drained (): TaskPlan[] {
    return this.plan.runsByHand ? this.plan.later : [...this.plan.tasks, ...this.plan.later]
  }

  get #expected (): { first: Expected, rest: Expected } {
    const { onError } = this.plan
    return {
      first: expectedOf(this.#byHand, onError),
      rest: expectedOf(this.#isDiscarded ? [] : this.#drained, onError)
    }
  }

  /** Whether the drain must not run, or need not where the client may have left, and did not. */
  get #isDiscarded (): boolean {
    const { runOn, ending } = this.plan
    if (runOn === 'always') return false
    if (ending !== 'may lose its client') return ['fails', 'is not found', 'loses its client', 'loses its client in mid-stream'].includes(ending)
    return this.ran.length === expectedOf(this.#byHand, this.plan.onError).notes.length
  }

  async #send (port: number, method: string): Promise<void> {
    const { ending, stays } = this.plan
    const client = await Client.connect(port)
    const closed = new Promise((resolve) => { client.socket.once('close', resolve) })
    const until = async (text: string) => { await Promise.race([client.until(text), closed]) }
    client.send(method, this.#url)
    await Promise.race([this.#begun.promise, closed])
    if (ending === 'loses its client in mid-stream') await until('half')
    if (ending.includes('lose')) await sleep(stays)
    else await Promise.race([this.#over.promise, closed])
    client.hangUp()
    await closed
  }

  async #handle (request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    this.#requestId = request.id
    reply.raw.once('finish', () => { this.#end() }).once('close', () => { this.#end() })
    const { tasks, later, works, runsByHand } = this.plan
    const { backgroundTasks } = request
    addPlans(backgroundTasks, tasks, this.notes)
    this.#begun.resolve()
    await sleep(works)
    if (runsByHand) await backgroundTasks.run().catch((error: unknown) => { this.#thrownByHand = asThrown(error) })
    try {
      addPlans(backgroundTasks, later, this.notes)
      return await this.#reply(reply)
    } finally {
      note(this.notes, handlerSettled)
      this.#settled.resolve()
    }
  }

  async #reply (reply: FastifyReply): Promise<unknown> {
    switch (this.plan.ending) {
      case 'fails': throw new Error('no')
      case 'is not found':
        reply.code(404)
        return 'none'
      case 'streams': return new PassThrough().end('all')
      case 'hijacks': return reply.hijack().raw.end('raw')
      case 'loses its client':
        if (!reply.raw.destroyed) await once(reply.raw, 'close')
        await sleep(1)
        return 'nobody reads it'
      case 'loses its client in mid-stream': {
        const stream = new PassThrough()
        stream.write('half')
        return stream
      }
      default: return 'ok'
    }
  }

  #end (): void {
    if (notesIn(this.notes).includes(responseOver)) return
    note(this.notes, responseOver)
    this.#over.resolve()
  }
}
