// How long /ping takes, as a line.

import { duration, niceStep } from './lanes.js'

/** How much time the chart shows, in milliseconds. */
const shown = 20_000

/** How long the page waits from one ping to the next, in milliseconds. */
const pause = 100

const margin = { top: 8, right: 8, bottom: 22, left: 52 }
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Asks for /ping again and again, and draws how long each answer took. */
export class Latency {
  /** Each with the time at which it was sent, and how long it took. */
  #pings = []
  /** The times in which CPU-bound tasks were at work, by their ids. */
  #works = new Map()
  /** The ping under way. */
  #current
  #svg
  #now

  constructor (svg, now) {
    this.#svg = svg
    this.#now = now
  }

  async start () {
    this.#animate()
    for (;;) {
      this.#current = ping()
      this.#pings.push(this.#current)
      await this.#current.answered
      const oldest = performance.now() - shown - 1_000
      this.#pings = this.#pings.filter(({ sent, took }) => sent + took > oldest)
      this.#now.textContent = this.#current.hasFailed ? 'no answer' : duration(this.#current.took)
      await sleep(this.#current.hasFailed ? 1_000 : pause)
    }
  }

  /** A CPU-bound task has begun, in this execution. */
  begin (id, execution, at) {
    this.#works.set(id, { execution, from: at })
  }

  /** It has ended. Resolves to the slowest ping that was under way meanwhile, in milliseconds, where its begin was seen. */
  async end (id, at) {
    const work = this.#works.get(id)
    if (work === undefined) return
    work.to = at
    await this.#current.answered
    return Math.max(...this.#pings.filter(({ sent, took }) => sent < work.to && sent + took > work.from).map(({ took }) => took))
  }

  clear () {
    this.#works.clear()
  }

  #animate () {
    const isCalm = window.matchMedia('(prefers-reduced-motion: reduce)')
    const frame = () => {
      this.#draw(performance.now())
      if (isCalm.matches) setTimeout(frame, 1_000)
      else window.requestAnimationFrame(frame)
    }
    frame()
  }

  #draw (now) {
    const { clientWidth: width, clientHeight: height } = this.#svg
    const right = width - margin.right
    const bottom = height - margin.bottom

    // A ping that has no answer yet has taken as long as it has.
    const points = this.#pings.map((ping) => ({ at: ping.sent + (ping.took ?? now - ping.sent), took: ping.took ?? now - ping.sent }))
    const slowest = Math.max(40, ...points.map(({ took }) => took))
    const step = niceStep(slowest)
    const top = step * Math.ceil(slowest / step)
    const x = (at) => right - (now - at) / shown * (right - margin.left)
    const y = (took) => bottom - took / top * (bottom - margin.top)
    const within = (at) => Math.max(margin.left, Math.min(right, x(at)))

    const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step)
    const works = [...this.#works.values()].filter(({ to = now }) => now - to < shown)
    const line = points.filter(({ at }) => x(at) >= margin.left).map(({ at, took }) => `${x(at).toFixed(1)},${y(took).toFixed(1)}`)
    const first = line[0]?.split(',')[0]
    const last = line.at(-1)?.split(',')[0]

    this.#svg.setAttribute('viewBox', `0 0 ${width} ${height}`)
    this.#svg.innerHTML = [
      ...works.map(({ execution, from, to = now }) => `
        <rect class="work ${execution}" x="${within(from)}" y="${margin.top}" width="${Math.max(2, within(to) - within(from))}" height="${bottom - margin.top}"/>
        <text class="work-name ${execution}" x="${within(from) + 5}" y="${margin.top + 14}">${execution}</text>`),
      ...ticks.map((tick) => `
        <line class="grid" x1="${margin.left}" x2="${right}" y1="${y(tick)}" y2="${y(tick)}"/>
        <text x="${margin.left - 8}" y="${y(tick) + 4}" text-anchor="end">${duration(tick)}</text>`),
      ...[20, 15, 10, 5, 0].map((seconds) => `
        <text x="${x(now - seconds * 1_000)}" y="${height - 4}" text-anchor="${seconds ? 'middle' : 'end'}">${seconds ? `−${seconds} s` : 'now'}</text>`),
      line.length > 1 ? `<polygon class="area" points="${first},${bottom} ${line.join(' ')} ${last},${bottom}"/>` : '',
      `<polyline class="line" points="${line.join(' ')}"/>`
    ].join('')
  }
}

function ping () {
  const ping = { sent: performance.now(), took: undefined, hasFailed: false, answered: undefined }
  ping.answered = fetch('/ping', { cache: 'no-store' })
    .catch(() => { ping.hasFailed = true })
    .then(() => { ping.took = performance.now() - ping.sent })
  return ping
}
