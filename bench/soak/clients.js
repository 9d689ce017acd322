// Clients as they come: well-behaved ones, impatient ones, and some that speak no HTTP.
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const pick = (list) => list[Math.floor(Math.random() * list.length)]
const paths = ['/', '/', '/slow', '/stream', '/throw', '/hijack', '/run', '/nowhere']
const request = (path, { method = 'GET', headers = '', body = '' } = {}) => `${method} ${path} HTTP/1.1\r\nhost: a\r\n${headers}\r\n${body}`
const last = 'connection: close\r\n'
const json = (body, length = body.length) => ({ method: 'POST', headers: `content-type: application/json\r\ncontent-length: ${length}\r\n`, body })
const malformed = [
  'GET / HTTP/9.9\r\n\r\n',
  'nonsense\r\n\r\n',
  'GET / HTTP/1.1\r\n\r\n',
  request('/%', { headers: last }),
  request('/', { headers: 'content-length: 1\r\ntransfer-encoding: chunked\r\n' }),
  request('/', json('{"a":')),
  request('/', json('{}', 1_000)),
  `GET / HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`,
  'GET / HT'
]

/** What a client does with its connection. */
const behaviours = Object.values({
  async keepsAlive (socket) {
    for (let n = 0; n < 5; n++) {
      socket.write(request('/'))
      await once(socket, 'data')
    }
  },
  async posts (socket) {
    socket.write(request('/', json('{"name":"ada"}')))
    await once(socket, 'data')
  },
  async readsToTheEnd (socket) {
    socket.write(request(pick(paths), { headers: last }))
    await once(socket, 'close')
  },
  async pipelines (socket) {
    const requests = Array.from({ length: 5 }, () => request(pick(paths)))
    socket.write(`${requests.join('')}${request('/', { headers: last })}`)
    await Promise.race([once(socket, 'close'), sleep(Math.random() * 200)])
  },
  async asksForTheHead (socket) {
    socket.write(request(pick(paths), { method: 'HEAD', headers: last }))
    await once(socket, 'close')
  },
  async hangsUpBeforeTheReply (socket) {
    socket.write(request(pick(['/slow', '/run', '/'])))
    await sleep(Math.random() * 10)
  },
  async hangsUpInTheMiddle (socket) {
    socket.write(request('/stream'))
    await once(socket, 'data')
    await sleep(Math.random() * 10)
  },
  async isMalformed (socket) {
    socket.write(pick(malformed))
    await Promise.race([once(socket, 'close'), sleep(50)])
  }
})

/** Clients, until the signal aborts: then all of them hang up. Gives how many connections there were. */
export async function runClients (port, count, signal) {
  let connections = 0
  const open = new Set()
  signal.addEventListener('abort', () => { for (const socket of open) socket.destroy() })

  await Promise.all(Array.from({ length: count }, async () => {
    while (!signal.aborted) {
      const socket = connect(port, '127.0.0.1').on('error', () => {}).resume() // a server that closes refuses
      const ended = new Promise((resolve) => { socket.on('close', resolve) })
      open.add(socket)
      connections++
      await Promise.race([pick(behaviours)(socket).catch(() => {}), ended])
      socket.destroy()
      await ended
      open.delete(socket)
      await sleep(Math.random() * 20)
    }
  }))
  return connections
}
