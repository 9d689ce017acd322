// What the plugin costs a request: the same route with no task, with one and with five async ones, against an array that is
// drained by hand in onResponse.
import { Child } from '../child.js'
import { compare, median, ratio } from '../compare.js'
import { load } from '../load.js'

const goals = { 20: [0.97, 0.82, 0.75], 24: [0.98, 0.95, 0.9] }

export async function measure (quick, node) {
  const rows = []
  const bars = []
  for (const [i, tasks] of [0, 1, 5].entries()) {
    const start = (way) => async () => await Child.start('overhead', [way, tasks])
    const plan = quick ? { rounds: 1, bursts: 1, warmUp: 1 } : { rounds: 4, bursts: 16, warmUp: 5 }
    const results = await compare({ array: start('array'), plugin: start('plugin') }, plan, (server) => load(server, quick ? 200 : 1_500))

    const label = ['no task', 'one task', 'five tasks'][i]
    const [hand, plugin] = ['array', 'plugin'].map((way) => median(results, way, 'cpu'))
    rows.push({
      compared: `a request with ${label}, array by hand over plugin`,
      cpu: ratio(results, 'array', 'plugin', 'cpu'),
      throughput: ratio(results, 'plugin', 'array', 'perSecond'),
      goal: goals[node]?.[i],
      measured: `${hand.toFixed(1)} and ${plugin.toFixed(1)} µs of CPU time a request`
    })
    bars.push({ label: `${label}, array by hand`, value: hand }, { label: `${label}, plugin`, value: plugin, isOurs: true })
  }
  return { rows, chart: { title: 'What a request costs', unit: 'µs of CPU time', bars } }
}
