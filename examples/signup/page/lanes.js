// One card a request, one lane a task, drawn from the server's own events and times.

const mostRequests = 12

/** Whether the bars should not move between two events. */
const isCalm = window.matchMedia('(prefers-reduced-motion: reduce)')

/** The cards of the requests, in a list. */
export class Lanes {
  /** Called with a request of which everything has ended. */
  onDone = () => {}
  #requests = new Map()
  #list
  /** The server's clock minus this page's, in milliseconds; an event that came without delay tells it best. */
  #clockOffset = -Infinity

  constructor (list) {
    this.#list = list
  }

  /** Begins anew: the server is about to tell everything it knows. */
  clear () {
    this.#requests.clear()
    this.#list.replaceChildren()
    this.#clockOffset = -Infinity
  }

  /** An event of the server's. */
  tell (event) {
    this.#clockOffset = Math.max(this.#clockOffset, event.at - performance.now())
    if (event.type === 'received') this.#add(event)
    const request = this.#requests.get(event.request)
    if (request === undefined) return

    const wasDone = request.isDone
    request.tell(event)
    request.draw(event.at)
    if (request.isDone && !wasDone) this.onDone(request)
    if (!request.isDone && !request.isAnimated && !isCalm.matches) this.#animate(request)
  }

  /** The lane that an event is about, where it is about a task. */
  taskOf (event) {
    return this.#requests.get(event.request)?.tasks.find(({ id }) => id !== undefined && id === event.task)
  }

  /** The time on this page's clock at which something happened on the server. */
  toPageTime (at) {
    return at - this.#clockOffset
  }

  #add (event) {
    const request = new RequestCard(event)
    this.#requests.set(event.request, request)
    this.#list.prepend(request.element)
    if (this.#requests.size <= mostRequests) return

    const [oldest] = this.#requests.keys()
    this.#requests.get(oldest).element.remove()
    this.#requests.delete(oldest)
  }

  #animate (request) {
    request.isAnimated = true
    const frame = () => {
      request.isAnimated = !request.isDone && request.element.isConnected
      if (!request.isAnimated) return
      request.draw(performance.now() + this.#clockOffset)
      window.requestAnimationFrame(frame)
    }
    window.requestAnimationFrame(frame)
  }
}

/** A request, from when it was received until its last task has ended. */
class RequestCard {
  element = fromTemplate(`
    <li class="request">
      <h3></h3>
      <p class="outcome"></p>
      <div class="axis" aria-hidden="true"></div>
      <ol class="lanes"></ol>
    </li>`)

  isAnimated = false
  title
  #start
  #repliedAt
  #hungUpAt
  #settledAt
  #status
  #tasks
  #scale

  constructor ({ at, method, url }) {
    this.#start = at
    this.title = `${method} ${url}`
    this.#part('h3').textContent = this.title
  }

  /** The tasks, once the handler has settled. */
  get tasks () {
    return this.#tasks ?? []
  }

  get isDone () {
    const isOver = this.#repliedAt !== undefined || this.#hungUpAt !== undefined
    return isOver && this.#tasks !== undefined && this.#tasks.every(({ isDone }) => isDone)
  }

  /** What has become of the request, in a sentence. */
  get outcome () {
    if (this.#hungUpAt !== undefined) {
      const left = `The client hung up after ${duration(this.#hungUpAt - this.#start)}.`
      if (this.#settledAt === undefined) return `${left} The handler is still at work.`
      return `${left} The handler went on, and settled after ${duration(this.#settledAt - this.#start)}.`
    }
    if (this.#repliedAt === undefined) return 'The handler is at work.'
    return `Answered ${this.#status} after ${duration(this.#repliedAt - this.#start)}.`
  }

  tell (event) {
    if (event.type === 'hungUp') this.#hungUpAt = event.at
    if (event.type === 'settled') this.#settle(event)
    if (event.type === 'replied') {
      this.#repliedAt = event.at
      this.#status = event.status
    }
    if (event.task === undefined) return
    // Tasks run in the order in which they were added, so the first that has not begun is the one that begins now.
    const lane = this.tasks.find(({ id }) => id === event.task) ?? this.tasks.find(({ id }) => id === undefined)
    lane?.tell(event)
  }

  /** Draws it as it is at a time of the server's. */
  draw (now) {
    const scale = this.#scaleTo(now)
    const over = this.#repliedAt ?? this.#hungUpAt ?? now
    this.element.style.setProperty('--reply', scale(over))
    this.element.classList.toggle('hung-up', this.#hungUpAt !== undefined)
    this.element.style.setProperty('--settled', scale(this.#settledAt ?? now))
    this.#part('.outcome').textContent = this.outcome
    for (const task of this.tasks) task.draw(scale, this.#start, now)
  }

  #settle ({ at, tasks }) {
    this.#settledAt = at
    this.#tasks = tasks.map((task) => new TaskLane(task))
    this.#part('.lanes').replaceChildren(...this.#tasks.map(({ element }) => element))
  }

  /** Gives a function from a time to its place on the axis, 0 to 1. */
  #scaleTo (now) {
    const ends = [this.#repliedAt ?? this.#hungUpAt, this.#settledAt, ...this.tasks.map(({ endedAt }) => endedAt)]
    const end = this.isDone ? Math.max(...ends.filter((at) => at !== undefined)) : now
    const step = niceStep(end - this.#start)
    const span = step * Math.max(1, Math.ceil((end - this.#start) / step))
    if (span !== this.#scale) {
      this.#scale = span
      const ticks = Array.from({ length: Math.round(span / step) + 1 }, (_, i) => i * step)
      this.#part('.axis').replaceChildren(...ticks.map((at) => {
        const tick = fromTemplate('<span></span>')
        tick.style.setProperty('--at', at / span)
        tick.textContent = duration(at)
        return tick
      }))
      this.element.style.setProperty('--step', step / span)
    }
    return (at) => (at - this.#start) / span
  }

  #part (selector) {
    return this.element.querySelector(selector)
  }
}

/** A task: it waits, it runs, it has completed or failed. */
class TaskLane {
  element = fromTemplate(`
    <li class="lane">
      <div class="label"><span class="name"></span> <span class="execution"></span></div>
      <div class="track" aria-hidden="true"><div class="client"></div><div class="handler"></div><div class="bar"></div></div>
      <div class="text"><span class="facts"></span> <span class="result"></span></div>
    </li>`)

  id
  name
  execution
  error
  startedAt
  endedAt

  constructor ({ name, execution }) {
    this.name = name
    this.execution = execution
    this.element.classList.add(execution)
    this.#write('.name', name)
    this.#write('.execution', execution)
    this.element.querySelector('.execution').classList.add(execution)
  }

  get isDone () {
    return this.endedAt !== undefined
  }

  tell ({ type, at, task, error, result }) {
    this.id = task
    if (type === 'started') {
      this.startedAt = at
      return
    }
    this.endedAt = at
    this.error = error
    this.element.classList.add(type)
    const value = result === undefined ? '' : ` ${typeof result === 'number' ? result.toLocaleString('en') : result}`
    this.#write('.result', type === 'failed' ? `✕ ${error}` : `✓${value || ' completed'}`)
  }

  draw (scale, start, now) {
    const from = this.startedAt ?? now
    const to = this.endedAt ?? now
    this.element.style.setProperty('--from', scale(from))
    this.element.style.setProperty('--to', scale(to))
    this.element.classList.toggle('begun', this.startedAt !== undefined)

    const started = `started at ${duration(from - start)}`
    if (this.startedAt === undefined) this.#write('.facts', 'waits')
    else if (!this.isDone) this.#write('.facts', `${started}, is running`)
    else this.#write('.facts', `${started}, took ${duration(to - from)}`)
  }

  #write (selector, text) {
    const part = this.element.querySelector(selector)
    if (part.textContent !== text) part.textContent = text
  }
}

/** As people read it. */
export function duration (ms) {
  if (ms >= 1000) return `${Number((ms / 1000).toFixed(2))} s`
  return `${Number(ms.toFixed(ms < 10 ? 1 : 0))} ms`
}

/** The distance of ticks: 1, 2 or 5 times a power of ten, so that there are five at most. */
export function niceStep (span) {
  const power = 10 ** Math.floor(Math.log10(Math.max(span, 1) / 4))
  return power * [1, 2, 5, 10].find((factor) => power * factor * 4 >= Math.max(span, 1))
}

function fromTemplate (html) {
  const template = document.createElement('template')
  template.innerHTML = html.trim()
  return template.content.firstElementChild
}
