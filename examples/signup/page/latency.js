// How long /ping takes: as a figure, and as a line.

import { duration, ticksTo } from './story.js'

/** How much time the chart shows, in milliseconds. */
const shown = 20_000

/** How long the page waits from one ping, or from one picture, to the next, in milliseconds. */
const pause = 100

const left = 52
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Sends a ping again and again, and draws how long each took. */
export class Latency {
  /** Each with the time at which it was sent, and how long it took. */
  #pings = []
  /** The times in which CPU-bound tasks were running, by their requests. */
  #works = new Map()
  #svg
  #figure

  constructor (svg, figure) {
    this.#svg = svg
    this.#figure = figure
  }

  async start () {
    setInterval(() => { this.#draw(performance.now()) }, pause)
    for (;;) {
      const ping = sendPing()
      this.#pings.push(ping)
      await ping.ended
      this.#pings = this.#pings.filter(({ sent, took }) => sent + took > performance.now() - shown)
      await sleep(ping.hasFailed ? 1_000 : pause)
    }
  }

  /** A CPU-bound task has begun, in this execution. */
  begin (id, execution, at) {
    this.#works.set(id, { execution, from: at })
  }

  /** It has ended. Resolves to the slowest ping that was under way meanwhile, in milliseconds. */
  async end (id, at) {
    const work = this.#works.get(id)
    work.to = at
    await this.#pings.at(-1).ended
    const meanwhile = this.#pings.filter(({ sent, took }) => sent < work.to && sent + took > work.from)
    return Math.max(...meanwhile.map(({ took }) => took))
  }

  #draw (now) {
    // A ping without a response has taken as long as it has waited.
    const points = this.#pings.map(({ sent, took = now - sent }) => ({ at: sent + took, took }))

    // The latest ping; or the one before, until the latest has waited longer than that took.
    const { took: latest, hasFailed = false } = this.#pings.at(-1)
    const took = Math.max(...points.slice(latest === undefined ? -2 : -1).map(({ took }) => took))
    this.#figure.textContent = hasFailed ? 'no response' : duration(took)
    this.#figure.classList.toggle('slow', hasFailed || took > 250)

    const { clientWidth: width, clientHeight: height } = this.#svg
    const ticks = ticksTo(Math.max(40, ...points.map(({ took }) => took)), 2)
    const x = (at) => Math.max(left, width - (now - at) / shown * (width - left)).toFixed(1)
    const y = (took) => (height - 7 - took / ticks.at(-1) * (height - 14)).toFixed(1)

    this.#svg.setAttribute('viewBox', `0 0 ${width} ${height}`)
    this.#svg.innerHTML = [
      ...[...this.#works.values()].filter(({ to = now }) => now - to < shown).map(({ execution, from, to = now }) => `
        <rect class="${execution}" x="${x(from)}" y="0" width="${Math.max(2, x(to) - x(from))}" height="${height}"/>
        <text class="${execution}" x="${x(from) - -5}" y="16">${execution}</text>`),
      ...ticks.map((tick) => `
        <line x1="${left}" x2="${width}" y1="${y(tick)}" y2="${y(tick)}"/>
        <text x="${left - 8}" y="${y(tick) - -4}" text-anchor="end">${duration(tick)}</text>`),
      `<polyline points="${points.map(({ at, took }) => `${x(at)},${y(took)}`).join(' ')}"/>`
    ].join('')
  }
}

function sendPing () {
  const ping = { sent: performance.now(), took: undefined, hasFailed: false }
  ping.ended = fetch('/ping', { cache: 'no-store' })
    .catch(() => { ping.hasFailed = true })
    .then(() => { ping.took = performance.now() - ping.sent })
  return ping
}
