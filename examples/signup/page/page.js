import { duration, Lanes } from './lanes.js'
import { Latency } from './latency.js'

const find = (selector) => document.querySelector(selector)
const status = find('#status')
const lanes = new Lanes(find('#requests'))
const latency = new Latency(find('#chart'), find('#ping-now'))

// The server's events

/** Whether what the server tells is happening now: first it tells what has happened before. */
let isLive = false

const server = new window.EventSource('/live')
server.addEventListener('open', () => {
  isLive = false
  lanes.clear()
  latency.clear()
})
server.addEventListener('message', ({ data }) => {
  const event = JSON.parse(data)
  if (event.type === 'watching') isLive = true
  lanes.tell(event)
  find('#no-requests').hidden = find('#requests').childElementCount > 0
  if (isLive) watchWork(event)
})
server.addEventListener('error', () => { say('The server is gone. This page continues when it is available again.') })

/** Says, once for each request, what has become of it: a reader of the screen hears no single step. */
lanes.onDone = ({ title, outcome, tasks }) => {
  if (!isLive) return
  const ended = tasks.map(({ name, error }) => error === undefined ? `${name} completed` : `${name} failed: ${error}`)
  say(`${title}: ${outcome} ${ended.join('; ')}.`)
  if (tasks.some(({ name }) => name === 'sendWelcome')) showMailbox()
}

/** Shades the chart while a task computes, and writes down the slowest ping of that time. */
async function watchWork (event) {
  const task = lanes.taskOf(event)
  if (!task?.name.includes('countPrimes')) return
  const at = lanes.toPageTime(event.at)
  if (event.type === 'started') return latency.begin(event.task, task.execution, at)

  const slowest = await latency.end(event.task, at)
  if (slowest !== undefined) find(`#slowest-${task.execution}`).textContent = duration(slowest)
}

// The buttons

find('form').addEventListener('submit', async (event) => {
  event.preventDefault()
  const response = await post('/signup', { body: JSON.stringify(Object.fromEntries(new FormData(event.target))) })
  if (!response.ok) say((await response.json()).message)
})

for (const button of document.querySelectorAll('[data-try]')) {
  button.addEventListener('click', async () => {
    const { try: name, hangUpAfter } = button.dataset
    const signal = hangUpAfter && AbortSignal.timeout(Number(hangUpAfter))
    await post(`/try/${name}`, { signal }).catch((error) => {
      if (error.name !== 'TimeoutError') throw error
    })
  })
}

function post (url, options) {
  const headers = options.body && { 'content-type': 'application/json' }
  return fetch(url, { method: 'POST', headers, ...options })
}

function say (text) {
  status.textContent = text
}

// The mailbox

async function showMailbox () {
  const messages = await (await fetch('/mailbox')).json()
  if (messages.length === 0) return
  find('#mailbox').replaceChildren(...messages.reverse().slice(0, 3).map(({ content }) => {
    const message = document.createElement('pre')
    message.tabIndex = 0
    message.textContent = content
    return message
  }))
}

showMailbox()
latency.start()
