import { fork } from 'node:child_process'
import { once } from 'node:events'

/** A program in a process of its own, which answers questions. `programs/answer.js` is its other end. */
export class Child {
  #process
  #ended

  /** Resolves when the program is ready. It says so with its port, where it is a server. */
  static async start (program, args = [], execArgv = []) {
    const child = new Child(program, args, execArgv)
    child.port = await child.#next()
    return child
  }

  constructor (program, args, execArgv) {
    this.#process = fork(new URL(`programs/${program}.js`, import.meta.url), args.map(String), { execArgv })
    this.#ended = once(this.#process, 'exit')
  }

  async ask (question, argument) {
    this.#process.send({ question, argument })
    return await this.#next()
  }

  async stop () {
    this.#process.kill('SIGKILL')
    await this.#ended
  }

  async #next () {
    const answer = await Promise.race([
      once(this.#process, 'message'),
      this.#ended.then(([code, signal]) => { throw new Error(`${this.#process.spawnargs.slice(1).join(' ')} has ended: ${signal ?? code}`) })
    ])
    return answer[0].answer
  }
}
