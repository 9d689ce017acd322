// The soak: `npm run soak -- --minutes 3`, or `--quick` for some seconds. A server under clients and tasks of every kind, bad
// ones too. At the end each accepted task has ended once, and the server has kept nothing: else it exits with 1.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import { runClients } from './soak/clients.js'

/** How many clients there are at once. */
const clients = 24
/** How much more the heap may hold at the end than after the warm-up, in megabytes. */
const mostGrowth = 4

const { values: { quick, minutes } } = parseArgs({ options: { quick: { type: 'boolean' }, minutes: { type: 'string', default: '3' } } })
const seconds = quick ? 5 : Number(minutes) * 60
if (!(seconds > 0)) throw new Error('--minutes is a number above 0')

let failures = 0
function check (what, isRight, found) {
  if (!isRight) failures++
  console.log(`${isRight ? 'ok' : 'NOT OK'} - ${what}: ${found}`)
}

const server = fork(new URL('soak/server.js', import.meta.url), { execArgv: ['--expose-gc'] })
const exit = once(server, 'exit')
const answer = async () => await Promise.race([
  once(server, 'message').then(([message]) => message),
  exit.then(([code, signal]) => { throw new Error(`the server has ended: ${signal ?? code}`) }),
  sleep(60_000, undefined, { ref: false }).then(() => { throw new Error('the server does not answer: are there tasks that never end?') })
])
const ask = async (question) => {
  server.send(question)
  return await answer()
}

const port = await answer()
let connections = await runClients(port, clients, AbortSignal.timeout(seconds * 250))
const warm = await ask('heap')
connections += await runClients(port, clients, AbortSignal.timeout(seconds * 750))
const end = await ask('heap')

// The server closes while clients are at work; then they all hang up.
const hangUp = new AbortController()
const running = runClients(port, clients, hangUp.signal)
await sleep(200)
const closing = ask('close')
await sleep(200)
hangUp.abort()
connections += await running
const result = await closing
const [code, signal] = await Promise.race([exit, sleep(5_000, [undefined, 'does not end'], { ref: false })])
server.kill('SIGKILL')

console.log(`${connections} connections, ${result.accepted} tasks, ${result.refused} refused by maxPending`)
console.log(`Of each kind: ${JSON.stringify(result.added)}`)
check('each task has ended once, as it should', Object.keys(result.wrong).length === 0, JSON.stringify(result.wrong))
const { pending, running: atWork, completed, failed } = result.counts
check('the app counts them', pending + atWork === 0 && completed + failed === result.accepted, JSON.stringify(result.counts))
check(`the heap has grown by at most ${mostGrowth} MB`, end.heap - warm.heap <= mostGrowth,
  `${warm.heap.toFixed(1)} MB after ${warm.accepted} tasks, ${end.heap.toFixed(1)} MB after ${end.accepted}`)
check('no handle is left', result.handles.length === 0, JSON.stringify(result.handles))
check('no thread is left', result.threads === 0, result.threads)
check('nothing was warned of', result.warnings === 0, result.warnings)
// An unhandled rejection would have ended it before, with 1.
check('the process ends by itself', code === 0, signal ?? code)
process.exitCode = failures === 0 ? 0 : 1
