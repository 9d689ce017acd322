import type { OnError, Outbox, TaskStore } from '../core/owner.js'
import type { TaskFunction } from '../core/task-function.js'
import { optionsOf } from '../core/task-options.js'
import { sourceOf } from '../core/task-registry.js'
import type { JobTarget } from './new-job.js'
import { QueueOutbox, type StoreOptions } from './outbox.js'

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
