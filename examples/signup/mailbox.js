import { once } from 'node:events'
import { createTransport } from 'nodemailer'
import { SMTPServer } from 'smtp-server'

/** Opens an SMTP server that keeps what it gets, and a client that sends to it: a mail provider on your own machine. */
export async function openMailbox () {
  const messages = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    onData: async (stream, _session, callback) => {
      messages.push(parse(Buffer.concat(await stream.toArray()).toString()))
      callback()
    }
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const transport = createTransport({ host: '127.0.0.1', port: server.server.address().port, ignoreTLS: true })

  return {
    messages,
    send: async (message) => await transport.sendMail(message),
    close: async () => { await new Promise((resolve) => { server.close(resolve) }) }
  }
}

/** Reads a message with a header of ASCII and a text, as nodemailer writes it. */
function parse (message) {
  const [head, body] = message.split('\r\n\r\n', 2)
  const header = (name) => new RegExp(`^${name}: (.*)$`, 'm').exec(head)?.[1].trim()
  const text = header('Content-Transfer-Encoding') === 'base64' ? Buffer.from(body, 'base64').toString() : body
  return { from: header('From'), to: header('To'), subject: header('Subject'), text: text.trim() }
}
