import Fastify from 'fastify'

/** An analytics service of its own, with a route that takes events. */
export class Collector {
  readonly events: unknown[] = []
  readonly #app = Fastify()

  constructor () {
    this.#app.post('/events', async (request, reply) => {
      this.events.push(request.body)
      return reply.code(204).send()
    })
  }

  async open (): Promise<void> {
    await this.#app.listen({ host: '127.0.0.1', port: 0 })
  }

  async track (event: string, details: object): Promise<string> {
    const response = await fetch(new URL('/events', this.#app.listeningOrigin), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ event, ...details })
    })
    if (!response.ok) throw new Error(`The collector answered ${response.status}`)
    return `${response.status} ${response.statusText}`
  }

  async close (): Promise<void> {
    await this.#app.close()
  }
}
