// `node .ci/answers.mjs redis|postgres <port>`: exits with 0 where that server answers on 127.0.0.1; of PostgreSQL user root,
// without a password, in database test.
import { connect } from 'node:net'

const [server, port] = process.argv.slice(2)
const startup = Buffer.from('\0\0\0\0\0\x03\0\0user\0root\0database\0test\0\0', 'latin1')
startup.writeInt32BE(startup.length)
const [question, answer] = server === 'redis' ? ['PING\r\n', /^\+PONG/] : [startup, /Z[^]{4}I$/] // ready for a query

let text = ''
const socket = connect({ host: '127.0.0.1', port: Number(port), timeout: 2_000 }, () => { socket.write(question) })
socket.setEncoding('latin1').on('data', (chunk) => {
  text += chunk
  if (answer.test(text)) process.exit(0)
})
for (const end of ['timeout', 'error', 'close']) socket.on(end, () => { process.exit(1) })
