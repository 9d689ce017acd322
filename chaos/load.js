// The load: clients with requests of random mixes, that stay, leave, send half a request, or something else.
import { once } from 'node:events'
import { Agent, request as httpRequest } from 'node:http'
import { connect as connectHttp2, constants } from 'node:http2'
import { connect } from 'node:net'
import { finished } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { kinds } from './kinds.js'
import { record } from './record.js'

const weights = Object.entries(kinds).map(([kind, { weight }]) => [kind, weight])
const malformed = ['GET / HTTP/9.9\r\n\r\n', 'nonsense\r\n\r\n', 'POST /always/stop HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n', `GET / HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 'GET / HT']

/** How long a client waits, in milliseconds: a server that is paused says nothing. */
const longestVisit = 5_000

export class Load {
  /** How many requests there were, by what their client did. */
  counts = {}
  #random
  #apis
  #last = 0
  #agent = new Agent({ keepAlive: true, maxSockets: 8 })

  /** @param apis gives those that take requests */
  constructor (random, apis) {
    this.#random = random
    this.#apis = apis
  }

  /** Clients, until the signal aborts. */
  async run (count, signal, pause = 60) {
    const random = this.#random
    await Promise.all(Array.from({ length: count }, async () => {
      while (!signal.aborted) {
        const api = random.pick(this.#apis())
        if (api !== undefined) {
          const client = random.pick(api.http2 ? ['streams', 'streams', 'cancels'] : ['stays', 'stays', 'pipelines', 'leaves', 'resets', 'sendsHalf', 'sendsNonsense'])
          const requests = Array.from({ length: ['stays', 'pipelines', 'streams', 'cancels'].includes(client) ? random.between(1, 5) : 1 }, () => this.#plan())
          this.counts[client] = (this.counts[client] ?? 0) + requests.length
          await Promise.race([this[client](api.port, requests).catch(() => {}), sleep(longestVisit)]) // a server that dies refuses
        }
        await sleep(random.between(0, pause))
      }
    }))
  }

  #plan () {
    const random = this.#random
    const r = ++this.#last
    const mode = random.weighted([['plain', 50], ['late', 10], ['stream', 8], ['throw', 6], ['hijack', 5], ['run', 5]])
    const collection = (place, most, c = `${r}`) => Array.from({ length: random.between(0, most) }, (_, n) => this.#node(`${place}.${n}`, c, most))
    return {
      r,
      mode,
      path: `/${random.weighted([['always', 4], ['success', 1]])}/${random.weighted([['continue', 3], ['stop', 1]])}`,
      ms: random.chance(0.3) ? random.between(1, 40) : 0,
      tasks: collection(`${r}`, 4),
      later: random.chance(0.3) ? collection(`${r}/later`, 2) : [],
      outside: random.chance(0.1) ? collection(`${r}/outside`, 1, undefined) : []
    }
  }

  /** A task, or a group of tasks; `c` is its collection. */
  #node (t, c, depth) {
    const random = this.#random
    if (depth > 2 && random.chance(0.12)) {
      const options = { concurrency: random.between(1, 3), onError: random.pick(['continue', 'continue', 'stop']) }
      return { t, c, options, nodes: Array.from({ length: random.between(1, 5) }, (_, n) => ({ ...this.#node(`${t}.${n}`, t, 0), group: options })) }
    }
    const kind = random.weighted(depth > 0 ? weights : weights.filter(([kind]) => kind !== 'waitUntil')) // a group has none
    return { t, c, kind, ms: random.between(0, 8), fails: kind === 'waitUntil' && random.chance(0.3) }
  }

  #send ({ r, path, ...plan }) {
    const body = JSON.stringify({ r, ...plan })
    record('request', { r })
    return { headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'x-r': `${r}` }, body, path }
  }

  #text (plan) {
    const { path, headers, body } = this.#send(plan)
    return `POST ${path} HTTP/1.1\r\nhost: a\r\n${Object.entries(headers).map((header) => `${header.join(': ')}\r\n`).join('')}\r\n${body}`
  }

  async stays (port, plans) {
    for (const plan of plans) {
      const { path, headers, body } = this.#send(plan)
      const request = httpRequest({ port, path, method: 'POST', headers, agent: this.#agent }).end(body)
      const [response] = await once(request, 'response')
      record('response', { r: plan.r, status: response.statusCode })
      await finished(response.resume())
    }
  }

  async #raw (port, work) {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    let text = ''
    const answered = new Set()
    socket.on('data', (data) => {
      text += data
      for (const [, status, r] of text.matchAll(/HTTP\/1\.1 (\d+)[^\r]*\r\n(?:[^\r]+\r\n)*?x-r: (\d+)\r\n/g)) {
        if (answered.has(r)) continue
        answered.add(r)
        record('response', { r: Number(r), status: Number(status) })
      }
    })
    const closed = new Promise((resolve) => { socket.once('close', resolve) })
    await Promise.race([work(socket, answered), closed])
    socket.destroy()
    await closed
  }

  async pipelines (port, plans) {
    await this.#raw(port, async (socket, answered) => {
      socket.write(plans.map((plan) => this.#text(plan)).join(''))
      for (let i = 0; i < 100 && answered.size < plans.length; i++) await sleep(20)
    })
  }

  async leaves (port, [plan]) {
    await this.#raw(port, async (socket) => {
      socket.write(this.#text(plan))
      await sleep(this.#random.between(0, 40))
    })
  }

  async resets (port, [plan]) {
    await this.#raw(port, async (socket) => {
      await once(socket, 'connect')
      socket.write(this.#text(plan))
      await sleep(this.#random.between(0, 40))
      socket.resetAndDestroy()
    })
  }

  async sendsHalf (port, [plan]) {
    await this.#raw(port, async (socket) => {
      const text = this.#text(plan)
      socket.write(text.slice(0, Math.floor(text.length * this.#random.next())))
      await sleep(this.#random.between(0, 20))
    })
  }

  async sendsNonsense (port) {
    await this.#raw(port, async (socket) => {
      socket.write(this.#random.pick(malformed))
      await sleep(50)
    })
  }

  async streams (port, plans) {
    await this.#http2(port, plans, () => {})
  }

  async cancels (port, plans) {
    await this.#http2(port, plans, (session, streams) => {
      if (this.#random.chance(0.3)) session.destroy()
      else for (const stream of streams) if (this.#random.chance(0.5)) stream.close(constants.NGHTTP2_CANCEL)
    })
  }

  async #http2 (port, plans, leave) {
    const session = connectHttp2(`http://127.0.0.1:${port}`).on('error', () => {})
    const streams = plans.map((plan) => {
      const { path, headers, body } = this.#send(plan)
      const stream = session.request({ ':method': 'POST', ':path': path, ...headers }).on('error', () => {})
      stream.on('response', (headers) => { record('response', { r: plan.r, status: headers[':status'] }) }).resume()
      return stream.end(body)
    })
    const ended = Promise.all(streams.map((stream) => new Promise((resolve) => { stream.once('close', resolve) })))
    if (leave.length > 0) {
      await sleep(this.#random.between(0, 40))
      leave(session, streams)
    }
    await Promise.race([ended, sleep(3_000)])
    session.destroy()
  }
}
