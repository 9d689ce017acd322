import fc from 'fast-check'
import { setTimeout as sleep } from 'node:timers/promises'
import { BackgroundTasks, defineTask, type OnError } from '../../lib/index.js'
import * as steps from '../fixtures/steps/steps.js'
import { note } from '../fixtures/tasks/work.js'

// Random tasks, and what has to become of them. Each notes its number when it begins, and the negative when it ends, in
// memory that all threads share: what is noted tells what ran, how often, in which order, and whether one at a time.

/** The task modules of plans. */
export const planTasks = new URL('../fixtures/steps/', import.meta.url)

/** A task as it is made up: a collection, or a call of some kind of function. */
export type TaskPlan = CallPlan | CollectionPlan

interface CallPlan {
  readonly id: number
  readonly kind: 'async' | 'promise' | 'closure' | 'thread' | 'stubborn' | 'stubborn in a thread'
  /** How many attempts fail. */
  readonly failures: number
  /** What it adds while it runs, to its own collection or to the outermost one. */
  readonly adds: TaskPlan[]
  readonly to: 'own' | 'outermost'
}

export interface CollectionPlan {
  readonly kind: 'collection'
  readonly onError: OnError
  readonly tasks: TaskPlan[]
}

/** What was thrown: a message, or those of an `AggregateError`. */
export type Thrown = string | Thrown[]

/** What has to become of a collection. */
export interface Expected {
  /** What its tasks note down. */
  readonly notes: number[]
  completed: number
  /** Of its own tasks, not of those within them. */
  readonly failures: Array<{ readonly thrown: Thrown, readonly skipped: string[] }>
}

export const onErrors = fc.constantFrom<OnError>('continue', 'stop')

const depthIdentifier = fc.createDepthIdentifier()
const nothing = fc.constant<TaskPlan[]>([])

/** A call of one of some kinds of functions. */
function call (kinds: Array<CallPlan['kind']>, failures: fc.Arbitrary<number>, adds = nothing): fc.Arbitrary<TaskPlan> {
  return fc.record({ id: fc.constant(0), kind: fc.constantFrom(...kinds), failures, adds, to: fc.constantFrom('own', 'outermost') })
}

const seldom = fc.constantFrom(0, 0, 0, 0, 1)
const inThread = call(['thread'], seldom)
const stubborn = call(['stubborn', 'stubborn in a thread'], fc.nat(2))
const stubbornInThread = call(['stubborn in a thread'], fc.nat(2))
/** Travel to a thread together. */
const neighbours = fc.array(fc.oneof({ weight: 2, arbitrary: inThread }, stubbornInThread), { minLength: 2, maxLength: 4 })

const { list } = fc.letrec<{ list: TaskPlan[], task: TaskPlan }>((tie) => ({
  list: fc.array(fc.oneof({ weight: 14, arbitrary: tie('task').map((task) => [task]) }, neighbours), { maxLength: 5 }).map((lists) => lists.flat()),
  task: fc.oneof(
    { maxDepth: 3, depthIdentifier },
    { weight: 4, arbitrary: inThread },
    { weight: 1, arbitrary: stubborn },
    {
      weight: 12,
      arbitrary: call(['async', 'promise', 'closure'], seldom, fc.oneof({ maxDepth: 3, depthIdentifier }, { weight: 3, arbitrary: nothing }, tie('list')))
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('collection'), onError: onErrors, tasks: tie('list') }) as fc.Arbitrary<CollectionPlan> }
  )
}))

/** Random tasks, to be numbered. */
export const taskPlans = list

/** Gives each of some tasks, and of those within them, a number of its own. */
export function numbered (plans: TaskPlan[], next = { id: 1 }): TaskPlan[] {
  return plans.map((plan) => plan.kind === 'collection'
    ? { ...plan, tasks: numbered(plan.tasks, next) }
    : { ...plan, id: next.id++, adds: numbered(plan.adds, next) })
}

/** Adds tasks, as planned, to a collection. */
export function addPlans (collection: BackgroundTasks, plans: TaskPlan[], notes: Int32Array, outermost = collection): void {
  for (const plan of plans) {
    if (plan.kind === 'collection') {
      collection.addTask(createCollection(plan, notes, outermost))
    } else if (plan.kind === 'thread') {
      collection.addTask(steps.step, notes, plan.id, plan.failures)
    } else if (plan.kind === 'stubborn in a thread') {
      collection.addTask(steps.stubbornStep, notes, plan.id, plan.failures)
    } else {
      collection.addTask(functionOf(plan, notes, (adds) => { addPlans(plan.to === 'own' ? collection : outermost, adds, notes, outermost) }))
    }
  }
}

/** A collection, as planned. */
export function createCollection ({ onError, tasks }: CollectionPlan, notes: Int32Array, outermost?: BackgroundTasks): BackgroundTasks {
  const collection = new BackgroundTasks(null, { onError })
  addPlans(collection, tasks, notes, outermost)
  return collection
}

function functionOf ({ id, kind, failures, adds }: CallPlan, notes: Int32Array, add: (adds: TaskPlan[]) => void): () => unknown {
  const slow = async () => {
    note(notes, id)
    await sleep(id % 3)
    add(adds)
    note(notes, -id)
    if (failures > 0) throw new Error(`step ${id} fails`)
  }
  if (kind === 'async') return slow
  if (kind === 'promise') return () => slow()
  if (kind === 'stubborn') return defineTask(async () => { steps.step(notes, id, failures) }, { retries: 1, name: `step ${id}` })
  return () => {
    note(notes, id)
    add(adds)
    note(notes, -id)
    if (failures > 0) throw new Error(`step ${id} fails`)
  }
}

/** What has to become of some tasks of a collection. */
export function expectedOf (plans: TaskPlan[], onError: OnError): Expected {
  const expected: Expected = { notes: [], completed: 0, failures: [] }
  const waiting = [...plans]
  for (let plan = waiting.shift(); plan !== undefined; plan = waiting.shift()) {
    const thrown = thrownBy(plan, waiting, waiting, expected.notes)
    if (thrown === undefined) expected.completed++
    else expected.failures.push({ thrown, skipped: onError === 'stop' ? waiting.splice(0).map(nameOf) : [] })
  }
  return expected
}

/** What awaiting a collection has to reject with, where it rejects. */
export function thrownByAll (failures: Thrown[]): Thrown | undefined {
  return failures.length > 1 ? failures : failures[0]
}

/** What was thrown, to compare it. */
export function asThrown (error: unknown): Thrown {
  return error instanceof AggregateError ? error.errors.map(asThrown) : (error as Error).message
}

/** What a task is called in the log. */
export function nameOf (plan: TaskPlan): string {
  if (plan.kind === 'collection') return 'BackgroundTasks'
  const names = { async: 'slow', promise: 'anonymous', closure: 'anonymous', thread: 'steps.step', stubborn: `step ${plan.id}`, 'stubborn in a thread': 'steps.stubbornStep' }
  return names[plan.kind]
}

/** Runs a task in thought: says what it throws. */
function thrownBy (plan: TaskPlan, own: TaskPlan[], outermost: TaskPlan[], notes: number[]): Thrown | undefined {
  if (plan.kind === 'collection') return thrownWithin(plan, outermost, notes)

  const attempts = plan.kind.startsWith('stubborn') ? Math.min(plan.failures, 1) + 1 : 1
  for (let i = 0; i < attempts; i++) notes.push(plan.id, -plan.id)
  const waiting = plan.to === 'own' ? own : outermost
  waiting.push(...plan.adds)
  return plan.failures >= attempts ? `step ${plan.id} fails` : undefined
}

function thrownWithin ({ onError, tasks }: CollectionPlan, outermost: TaskPlan[], notes: number[]): Thrown | undefined {
  const waiting = [...tasks]
  const thrown: Thrown[] = []
  for (let plan = waiting.shift(); plan !== undefined; plan = waiting.shift()) {
    const one = thrownBy(plan, waiting, outermost, notes)
    if (one !== undefined) thrown.push(one)
    if (one !== undefined && onError === 'stop') break
  }
  return thrownByAll(thrown)
}
