import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { parser } from '@prometheus-io/lezer-promql'
import t from 'tap'
import { startExample } from '../helpers/example.js'

interface Selector { metric: string, labels: string[] }

/** The series that a PromQL expression selects, and the labels that it names. Throws where the expression is wrong. */
function parse (expression: string): { selectors: Selector[], groupedBy: string[] } {
  const selectors: Selector[] = []
  const groupedBy: string[] = []
  // Grafana fills in its variables before Prometheus sees the expression.
  const query = expression.replaceAll('$__rate_interval', '1m').replaceAll(/\$\w+/g, '.*')
  const textOf = ({ from, to }: { from: number, to: number }) => query.slice(from, to)

  parser.parse(query).iterate({
    enter (node) {
      if (node.type.isError) throw new Error(`${expression}: an error at ${node.from}`)
      if (node.name === 'VectorSelector') {
        const labels = node.node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []
        selectors.push({ metric: textOf(node.node.getChild('Identifier')!), labels: labels.map((label) => textOf(label.getChild('LabelName')!)) })
      }
      if (node.name === 'GroupingLabels') groupedBy.push(...node.node.getChildren('LabelName').map(textOf))
    }
  })
  return { selectors, groupedBy }
}

/** What the dashboard asks for: in its panels, and for its variables. */
async function readDashboard () {
  const dashboard = JSON.parse(await readFile(new URL('../../examples/metrics/grafana.json', import.meta.url), 'utf8'))
  const panels = dashboard.panels as Array<{ title: string, targets: Array<{ expr: string }> }>
  const variables = (dashboard.templating.list as Array<{ definition?: string }>).flatMap(({ definition }) => definition ?? [])
  return {
    queries: panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ title, ...parse(expr) }))),
    variables: variables.map((definition) => /^label_values\((?<metric>\w+), (?<label>\w+)\)$/.exec(definition)!.groups as { metric: string, label: string })
  }
}

/** The labels of each metric that `/metrics` tells. */
function labelsOf (metrics: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  for (const [, metric = '', labels = ''] of metrics.matchAll(/^([a-z_]+)(?:\{(.*)\})? /gm)) {
    const names = found.get(metric) ?? new Set()
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) names.add(label)
    found.set(metric, names)
  }
  return found
}

t.test('the dashboard asks for nothing that the demo does not tell', async (t) => {
  const { server, origin } = await startExample(t, 'metrics', {})
  for (let i = 0; i < 10; i++) t.equal((await fetch(`${origin}/orders`, { method: 'POST' })).status, 202)
  let metrics = ''
  while (!/^background_tasks_total\{.*outcome="failed"\} 1$/m.test(metrics)) {
    await sleep(20)
    const response = await fetch(`${origin}/metrics`)
    t.match(response.headers.get('content-type'), /^text\/plain; version=0\.0\.4/)
    metrics = await response.text()
  }

  const labels = labelsOf(metrics)
  const { queries, variables } = await readDashboard()
  // Prometheus itself adds the labels of the target that it asks.
  const isKnown = (metric: string, label: string) => label === 'job' || labels.get(metric)!.has(label)

  t.ok(queries.length > 10)
  for (const { title, selectors, groupedBy } of queries) {
    t.ok(selectors.length > 0, title)
    for (const { metric, labels: names } of selectors) {
      if (!t.ok(labels.has(metric), `${title}: ${metric}`)) continue
      for (const label of [...names, ...groupedBy]) t.ok(isKnown(metric, label), `${title}: ${metric}{${label}}`)
    }
  }
  for (const { metric, label } of variables) t.ok(labels.has(metric) && isKnown(metric, label), `${metric}{${label}}`)

  const shown = new Set(queries.flatMap(({ selectors }) => selectors.map(({ metric }) => metric.replace(/_(bucket|sum|count)$/, ''))))
  t.same([...shown].sort(), [...metrics.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name).sort(), 'it shows all there are')

  server.kill('SIGINT')
  t.same(await once(server, 'exit'), [0, null])
})
