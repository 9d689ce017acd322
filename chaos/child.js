import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { record } from './record.js'

/** How long a process may take to close, in milliseconds: an API's closeTimeout, and time for the queue. */
const longestClose = 60_000

/** A place for a process under test: when one is ended, another one takes its place. */
export class Child {
  program
  #configure
  #process
  #endings = new Set()
  #isEnded = new Set()
  port
  config

  /** @param configure gives the configuration of the next one, and its environment */
  constructor (program, configure) {
    this.program = program
    this.#configure = configure
  }

  get pid () { return this.#process?.pid }
  get http2 () { return this.config.http2 }
  get isReady () { return this.port !== undefined }

  async start () {
    const { config, env } = this.#configure()
    const child = fork(new URL(`${this.program}.js`, import.meta.url), [JSON.stringify(config)], { execArgv: ['--expose-gc'], env: { ...process.env, ...env } })
    record('start', { of: child.pid, program: this.program, config, ...env })
    this.#process = child
    const exit = once(child, 'exit')
    exit.then(([code, signal]) => {
      record('exit', { of: child.pid, code, signal, isWanted: this.#isEnded.has(child) })
      if (this.#isEnded.has(child) || this.#process !== child) return
      this.port = undefined
      this.start() // it has ended by itself, which is a violation
    })
    const [port] = await Promise.race([once(child, 'message'), exit.then(() => [undefined])])
    if (this.#process !== child) return
    this.config = config
    this.port = port
  }

  signal (signal) {
    this.#process.kill(signal)
  }

  /** Gives `undefined` if it does not answer in time. */
  async ask (question, argument, patience = 60_000) {
    const child = this.#process
    if (!child.connected) return
    child.send({ question, argument }, () => {}) // it may be ending
    if (question === 'clock') return
    return await Promise.race([once(child, 'message').then(([answer]) => answer), sleep(patience)])
  }

  end (signal) {
    const child = this.#process
    this.port = undefined
    this.#isEnded.add(child)
    const ending = once(child, 'exit')
    record('end of process', { of: child.pid, signal })
    child.kill(signal)
    child.kill('SIGCONT')
    const watched = Promise.race([ending, sleep(longestClose, 'late', { ref: false })]).then((result) => {
      if (result === 'late') record('stuck', { of: child.pid })
      child.kill('SIGKILL')
      this.#endings.delete(watched)
    })
    this.#endings.add(watched)
  }

  async restart (signal) {
    this.end(signal)
    await this.start()
  }

  /** Resolves when those that were told to have ended. */
  async ended () {
    await Promise.all(this.#endings)
  }

  kill () {
    this.#isEnded.add(this.#process)
    this.#process?.kill('SIGKILL')
  }
}
