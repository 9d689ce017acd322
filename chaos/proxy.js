// The network between processes and the queue's server.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export class Proxy {
  /** Where connections lead. */
  target
  /** How long the way takes, in milliseconds. */
  delay = 0
  #held = { asks: undefined, answers: undefined }
  #sockets = new Set()
  #server

  static async start (target) {
    const proxy = new Proxy()
    proxy.target = target
    proxy.#server = createServer((client) => { proxy.#connected(client) }).listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port () { return this.#server.address().port }

  /** Keeps what is on its way in these directions, until what it returns is called. */
  hold (...directions) {
    let release
    const released = new Promise((resolve) => { release = resolve })
    for (const direction of directions) this.#held[direction] = released
    return () => {
      for (const direction of directions) this.#held[direction] = undefined
      release()
    }
  }

  /** Cuts all connections. What is on its way is lost. */
  cut () {
    for (const socket of this.#sockets) socket.destroy()
  }

  close () {
    this.#server.close()
    this.cut()
  }

  #connected (client) {
    const server = connect(this.target, '127.0.0.1')
    for (const [from, to, direction] of [[client, server, 'asks'], [server, client, 'answers']]) {
      let last = Promise.resolve()
      this.#sockets.add(from)
      from.setNoDelay().on('error', () => {}).on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      }).on('data', (data) => {
        last = last.then(async () => {
          await this.#held[direction]
          if (this.delay > 0) await sleep(this.delay)
          if (!to.destroyed) to.write(data)
        })
      })
    }
  }
}
