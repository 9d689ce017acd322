// A section of the page: the code of a route, and beside its lines what the latest request to it does.

/** A line that adds a task. A route has as many as its requests have tasks, in the same order. */
const addsTask = /\.addTask\(|new BackgroundTask\(/

export class Story {
  /** What the client got, and how the tasks have ended: a screen reader announces both. */
  answer
  /** The code, and the timeline beside it. */
  listing
  request
  /** When the request was received, when it settled…, on the server's clock, in milliseconds. */
  #times = {}
  #tasks = []

  constructor (section, source) {
    const lines = source.split('\n')
    const outdent = lines.at(-1).search(/\S/)
    this.section = section
    this.url = section.dataset.url
    section.querySelector('form, h2 ~ button').insertAdjacentHTML('afterend', `
      <p class="answer" role="status"><b></b> <span></span></p>
      <ol class="listing">${'<li><code></code><div class="time"></div></li>'.repeat(lines.length)}</ol>`)
    this.answer = section.querySelector('.answer')
    this.listing = section.querySelector('.listing')
    lines.forEach((line, i) => {
      const row = this.listing.children[i]
      row.className = i === 0 ? 'axis' : addsTask.test(line) ? 'task' : /^ *return /.test(line) ? 'return' : ''
      row.firstChild.textContent = line.trim()
      row.style.setProperty('--indent', `${i === 0 ? 0 : line.search(/\S/) - outdent}ch`)
    })
  }

  get isRunning () {
    return this.request !== undefined && !this.isDone
  }

  /** Whether the response is over, and every task has ended. */
  get isDone () {
    return this.#overAt !== undefined && this.#times.settled !== undefined && this.#tasks.every(({ endedAt }) => endedAt)
  }

  /** How the tasks have ended, in a sentence. */
  get outcome () {
    if (this.#tasks.length === 0) return ''

    const failed = this.#tasks.filter(({ error }) => error).map(({ name }) => `${name} failed. `)
    const completed = this.#tasks.length - failed.length
    return `${failed.join('')}${completed} ${completed === 1 ? 'task' : 'tasks'} completed after ${this.#since(this.#endedAt)}.`
  }

  clear () {
    this.request = undefined
    this.#times = {}
    this.#tasks = []
    this.listing.className = 'listing'
    for (const { lastChild } of this.listing.children) lastChild.replaceChildren()
  }

  /** An event of the request, or the first one of another. */
  tell (event) {
    const { type, at, task, tasks } = event
    if (type === 'received') {
      this.clear()
      this.request = event.request
    }
    if (task !== undefined) return this.#tellTask(event)
    this.#times[type] = at
    if (tasks !== undefined) this.#tasks = tasks.map((task) => ({ ...task, attempts: [] }))
  }

  #tellTask ({ type, at, task: id, name, error, result }) {
    // Tasks begin in order, so the first of its name that has no id is the one that begins now.
    const task = this.#tasks.find((task) => task.id === id) ?? this.#tasks.find((task) => !task.id && task.name === name)
    task.id = id
    if (type === 'started') return task.attempts.push({ from: at, type })
    Object.assign(task.attempts.at(-1), { to: at, type })
    if (type !== 'retried') Object.assign(task, { endedAt: at, error, result })
  }

  /** Draws the request as it is at a time of the server's. */
  draw (now) {
    const { received, left, settled = now } = this.#times
    const over = this.#overAt ?? now
    const ticks = ticksTo((this.isDone ? this.#endedAt : now) - received, 3)
    const share = (ms) => `${ms / ticks.at(-1) * 100}%`
    this.listing.style.setProperty('--over', share(over - received))
    this.listing.style.setProperty('--handler', share(settled - over))
    const isLate = over - received > ticks.at(-1) / 2
    this.listing.className = `listing begun ${this.#overAt ? 'over' : ''} ${left ? 'left' : ''} ${isLate ? 'late' : ''}`

    const marks = ticks.map((ms) => `<span style="left: ${share(ms)}">${duration(ms)}</span>`)
    this.listing.querySelector('.axis .time').innerHTML = marks.join('')
    this.listing.querySelectorAll('.task .time').forEach((time, i) => {
      if (this.#tasks[i] !== undefined) time.innerHTML = this.#drawTask(this.#tasks[i], now, share)
    })
    const flag = `<p class="flag"><b>${left ? 'client left' : 'response sent'}</b> ${this.#since(over)}</p>`
    if (this.#overAt) this.listing.querySelector('.return .time').innerHTML = flag
  }

  #drawTask ({ name, execution, attempts, endedAt, error, result }, now, share) {
    const { from, to } = attempts.at(-1) ?? {}
    const bars = attempts.map(({ from, to = now, type }) => {
      return `<i class="bar ${type}" style="left: ${share(from - this.#times.received)}; width: ${share(to - from)}"></i>`
    })
    const begin = `${attempts.length > 1 ? `attempt ${attempts.length} ` : ''}at ${this.#since(from)}`
    const facts = from === undefined ? 'waits' : `${begin}, ${to === undefined ? 'runs' : `took ${duration(to - from)}`}`
    const outcome = error ? `<b>✕ ${escaped(error)}</b>` : `✓ ${escaped(result?.toLocaleString('en') ?? 'completed')}`
    return `<div class="track ${execution} ${name}" aria-hidden="true">${bars.join('')}</div>
      <p class="facts"><b class="execution ${execution}">${execution}</b> ${facts} <span>${endedAt ? outcome : ''}</span></p>`
  }

  /** When the response was sent, or the client left. */
  get #overAt () {
    return this.#times.replied ?? this.#times.left
  }

  get #endedAt () {
    return Math.max(this.#overAt, this.#times.settled, ...this.#tasks.map(({ endedAt }) => endedAt))
  }

  #since (at) {
    return duration(at - this.#times.received)
  }
}

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

/** As people read it. */
export function duration (ms) {
  if (ms >= 1000) return `${Number((ms / 1000).toFixed(2))} s`
  return `${Number(ms.toFixed(ms < 10 ? 1 : 0))} ms`
}

/** Round numbers from 0 to `end` or a little more, at most `most` besides 0: multiples of 1, 2 or 5 times a power of ten. */
export function ticksTo (end, most) {
  const least = Math.max(end, 1) / most
  const power = 10 ** Math.floor(Math.log10(least))
  const step = power * [1, 2, 5, 10].find((factor) => power * factor >= least)
  return Array.from({ length: Math.ceil(Math.max(end, 1) / step) + 1 }, (_, i) => i * step)
}
