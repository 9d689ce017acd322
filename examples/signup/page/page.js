import { Latency } from './latency.js'
import { duration, Story } from './story.js'

const find = (selector) => document.querySelector(selector)
const latency = new Latency(find('#chart'), find('#ping-now'))

const sources = await (await fetch('/sources')).json()
const stories = [...document.querySelectorAll('[data-url]')].map((section) => new Story(section, sources[section.dataset.url]))

// The buttons

for (const story of stories) {
  story.section.querySelector('form')?.addEventListener('submit', (event) => {
    event.preventDefault()
    const body = JSON.stringify(Object.fromEntries(new FormData(event.target)))
    send(story, { headers: { 'content-type': 'application/json' }, body })
  })
  story.section.querySelector('h2 ~ button')?.addEventListener('click', () => {
    const { leaveAfter } = story.section.dataset
    send(story, leaveAfter && { signal: AbortSignal.timeout(Number(leaveAfter)) })
  })
}

/** Sends a request, and says at the button what the client gets. */
async function send ({ url, listing, answer: { firstChild, lastChild } }, options) {
  const sent = performance.now()
  const took = () => duration(performance.now() - sent)
  firstChild.textContent = 'Waiting for the response…'
  lastChild.textContent = ''
  listing.scrollIntoView({ block: 'nearest' })
  try {
    const response = await fetch(url, { method: 'POST', ...options })
    const message = response.ok ? '' : `: ${(await response.json()).message}`
    firstChild.textContent = `Response ${response.status} after ${took()}${message}.`
  } catch (error) {
    firstChild.textContent = error.name === 'TimeoutError' ? `Hung up after ${took()}.` : 'The server is unavailable.'
  }
}

// The server's events

/** The server's clock minus this page's, in milliseconds. An event that came without delay shows it best. */
let clockOffset

const server = new window.EventSource('/live')
server.addEventListener('open', () => {
  clockOffset = -Infinity
  for (const story of stories) story.clear()
  find('#connection').textContent = ''
})
server.addEventListener('error', () => {
  find('#connection').textContent = 'The server is unavailable. This page continues when it is available again.'
})
server.addEventListener('message', ({ data }) => {
  const event = JSON.parse(data)
  clockOffset = Math.max(clockOffset, event.at - performance.now())
  const story = stories.find(({ url, request }) => event.type === 'received' ? url === event.url : request === event.request)
  if (story === undefined) return

  story.tell(event)
  story.draw(event.at)
  follow(story, event)
})

/** Announces once how the tasks of a request have ended, and shows in the chart when one computes. */
async function follow ({ url, isDone, outcome, answer: { lastChild } }, { type, at, request }) {
  if (isDone) lastChild.textContent = outcome
  if (isDone && outcome && url === '/signup') showMailbox()
  if (url !== '/thread' && url !== '/inline') return

  if (type === 'started') latency.begin(request, url.slice(1), at - clockOffset)
  if (type !== 'completed') return
  const slowest = await latency.end(request, at - clockOffset)
  find(`#slowest-${url.slice(1)}`).textContent = duration(slowest)
}

/** Lets bars grow while a request is under way. For who wants less motion, they move with events alone. */
function animate () {
  window.requestAnimationFrame(animate)
  if (window.matchMedia('(prefers-reduced-motion: reduce)').matches) return
  for (const story of stories) if (story.isRunning) story.draw(performance.now() + clockOffset)
}

async function showMailbox () {
  const messages = await (await fetch('/mailbox')).json()
  for (const [field, text] of Object.entries(messages.at(-1))) find(`#mailbox .${field}`).textContent = text
  find('#mailbox').hidden = false
}

latency.start()
animate()
