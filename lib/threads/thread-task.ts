import { parentPort } from 'node:worker_threads'
import { closingError, FST_BGT_TIMEOUT } from '../core/errors.js'
import type { Running, TaskContext } from '../core/task-context.js'
import { createLogger, levels, type TaskLogger } from '../core/task-logger.js'
import type { TaskSource } from '../core/task-registry.js'
import { type BatchMessage, type CallMessage, envelop, toLogData, toLogFields } from './messages.js'
import { Status, Stop, type Progress } from './progress.js'

/** A call as its thread sees it. */
export class ThreadTask implements Running {
  readonly call: number
  readonly progress: Progress
  hasEnded = false
  /** Whether it has sent messages: that of its end comes behind them. */
  hasSent = false
  readonly #batch: BatchMessage
  #context: TaskContext | undefined
  #controller: AbortController | undefined

  constructor (batch: BatchMessage, call: number, progress: Progress) {
    this.#batch = batch
    this.call = call
    this.progress = progress
  }

  get source (): TaskSource {
    return this.#batch.functions[this.#batch.calls[this.call] as number] as TaskSource
  }

  get wantsResult (): boolean {
    return this.#batch.wantsResult[this.call] as boolean
  }

  /** Copies of its arguments. One clone has brought those of the whole batch, in which calls may share objects. */
  ownArgs (): unknown[] {
    const args = this.#batch.args[this.call] as unknown[]
    return this.#batch.calls.length === 1 || args.every(isPlain) ? args : structuredClone(args)
  }

  /** What the task can learn about itself. */
  get context (): TaskContext {
    return (this.#context ??= this.#createContext())
  }

  /** Sends the main thread a message about the call. */
  tell (message: CallMessage): void {
    this.hasSent = true
    parentPort?.postMessage(envelop({ ...message, batch: this.#batch.id, call: this.call }))
  }

  /** It has ended. False if it is condemned. */
  end (status: typeof Status.completed | typeof Status.resulted | typeof Status.failed): boolean {
    this.hasEnded = true
    if (this.#controller !== undefined) this.progress.forgetStop(this.call)
    return this.progress.end(this.call, status)
  }

  #createContext (): TaskContext {
    const { ids, attempts } = this.#batch
    const log = this.#createLog()
    const signal = (): AbortSignal => (this.#controller ??= this.#createController()).signal
    return {
      id: ids[this.call] as string,
      name: this.source.name,
      attempt: attempts[this.call] as number,
      get signal () { return signal() },
      log
    }
  }

  #createLog (): TaskLogger {
    const { ids, logLevel } = this.#batch
    return createLogger((level, args, bindings) => {
      if (levels[level] < logLevel) return

      this.tell({ kind: 'log', line: { level, args: toLogData(args), bindings: toLogFields(bindings), task: this.source.name, taskId: ids[this.call] as string } })
    })
  }

  #createController (): AbortController {
    const controller = new AbortController()
    this.progress.untilStop(this.call).then((stop) => {
      if (stop === Stop.timeout) controller.abort(new FST_BGT_TIMEOUT(this.source.name, this.#batch.timeouts[this.call] as number))
      if (stop === Stop.closing) controller.abort(closingError())
    }, () => {})
    return controller
  }
}

/** Whether a value can be cloned for sure. */
function isPlain (value: unknown): boolean {
  return value === null || (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol')
}
