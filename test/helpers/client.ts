import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A client that speaks HTTP/1.1 over a bare socket, so that it can do what well-behaved clients do not. */
export class Client {
  readonly socket: Socket
  received = ''

  private constructor (socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => { this.received += chunk.toString() })
    socket.on('error', () => {})
  }

  static async connect (port: number): Promise<Client> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new Client(socket)
  }

  send (method: string, url: string, headers: Record<string, string | number> = {}, body = ''): void {
    const lines = Object.entries({ host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
    this.socket.write(`${method} ${url} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
  }

  /** Resolves when what was received contains `text`. */
  async until (text: string): Promise<void> {
    while (!this.received.includes(text)) await once(this.socket, 'data')
  }

  hangUp (): void {
    this.socket.destroy()
  }
}
