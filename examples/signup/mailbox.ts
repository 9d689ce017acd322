import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createTransport, type SendMailOptions } from 'nodemailer'
import { SMTPServer } from 'smtp-server'

/** An SMTP server that keeps what it gets, and a client that sends to it: a mail provider on your own machine. */
export class Mailbox {
  /** The messages that have arrived, as they came over the wire. */
  readonly messages: Array<{ to: string[], content: string }> = []
  readonly #server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    onData: async (stream, session, callback) => {
      const chunks = await stream.toArray()
      const to = session.envelope.rcptTo.map(({ address }) => address)
      this.messages.push({ to, content: Buffer.concat(chunks).toString() })
      callback()
    }
  })

  async open (): Promise<void> {
    const listener = this.#server.listen(0, '127.0.0.1')
    await once(listener, 'listening')
  }

  /** Resolves to the server's response. */
  async send (message: SendMailOptions): Promise<string> {
    const { port } = this.#server.server.address() as AddressInfo
    const transport = createTransport({ host: '127.0.0.1', port, secure: false, ignoreTLS: true })
    const { response } = await transport.sendMail({ from: 'hello@example.com', ...message })
    return response
  }

  async close (): Promise<void> {
    await new Promise<void>((resolve) => { this.#server.close(resolve) })
  }
}
