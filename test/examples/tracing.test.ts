import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startExample } from '../helpers/example.js'

interface Span {
  name: string
  traceId: string
  spanId: string
  parent?: string
  links: Array<{ traceId: string, spanId: string }>
  attributes: Record<string, unknown>
  status: { code: number, message?: string }
  events: Array<{ name: string, attributes: Record<string, unknown> }>
}

const statusError = 2

t.test('each attempt at a task has a span, which is linked to its request\'s', async (t) => {
  const { server, origin, output } = await startExample(t, 'tracing', {})

  t.equal((await fetch(`${origin}/orders`, { method: 'POST' })).status, 202)
  t.equal((await fetch(`${origin}/orders`, { method: 'POST' })).status, 202)
  let spans: Span[] = []
  while (spans.filter(({ name }) => name === 'audit').length < 2) {
    await sleep(20)
    spans = await (await fetch(`${origin}/spans`)).json() as Span[]
  }

  const requests = spans.filter(({ name }) => name === 'request')
  t.match(requests, [{ attributes: { 'http.route': '/orders' } }, { attributes: { 'http.route': '/orders' } }])
  t.not(requests[0]?.traceId, requests[1]?.traceId)

  for (const { traceId, spanId } of requests) {
    const tasks = spans.filter(({ links }) => links.some((link) => link.spanId === spanId))
    t.same(tasks.map(({ links }) => links), tasks.map(() => [{ traceId, spanId }]), 'one link each')
    t.same(tasks.map(({ name, attributes }) => [
      name, attributes['task.name'], attributes['task.execution'], attributes['task.attempt']
    ]), [
      ['orders.sendReceipt', 'orders.sendReceipt', 'await', 1],
      ['orders.renderInvoice', 'orders.renderInvoice', 'thread', 1],
      ['orders.notifyWarehouse', 'orders.notifyWarehouse', 'await', 1],
      ['orders.notifyWarehouse', 'orders.notifyWarehouse', 'await', 2],
      ['audit', 'audit', 'inline', 1]
    ])
    t.equal(new Set(tasks.map((span) => span.attributes['task.id'])).size, 4, 'an id for each task, the same for each attempt')
    t.equal(new Set([traceId, ...tasks.map((span) => span.traceId)]).size, 6, 'a trace for each')
    t.ok(tasks.every(({ parent }) => parent === undefined))

    const [receipt, , failed, retried, audit] = tasks as [Span, Span, Span, Span, Span]
    t.match(failed.status, { code: statusError, message: /^the warehouse knows nothing/ })
    t.match(failed.events, [{ name: 'exception', attributes: { 'exception.message': failed.status.message, 'exception.stacktrace': /orders\.js/ } }])
    t.match([receipt, retried, audit].map(({ status }) => status.code), [0, 0, 0])
    t.match(audit.events, [{ name: 'audited' }], 'the span is active in the task, inline')
    t.match(spans.filter(({ name, parent }) => name === 'smtp' && parent === receipt.spanId), [{ traceId: receipt.traceId }], 'and awaited')
  }
  t.equal(spans.length, 2 * 7, 'there are no others')

  server.kill('SIGINT')
  const [code] = await once(server, 'exit')
  t.equal(code, 0)
  t.match(output(), /name: 'orders\.renderInvoice'/, 'spans are printed')
})
