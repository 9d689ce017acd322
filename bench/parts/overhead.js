// What the plugin costs a request: the same route with no task, with one and with five async ones, against an array that is
// drained by hand in onResponse.
import { Child } from '../child.js'
import { client } from '../load.js'
import { race } from '../race.js'
import { ratio, spread } from '../spread.js'

export const title = 'Requests a second, by async tasks a request'

const goals = { 0: 0.98, 1: 0.95, 5: 0.9 }

export async function measure (quick) {
  const [rows, ratios] = [[], []]

  for (const [tasks, goal] of Object.entries(goals)) {
    const way = (name) => async () => await Child.start('overhead', [name, tasks])
    const results = await race({ array: way('array'), plugin: way('plugin') }, quick
      ? { rounds: 1, turns: 1, seconds: 0.3, warmUp: 0.3 }
      : { rounds: 5, turns: 3, seconds: 1, warmUp: 2 })

    const label = `${tasks} ${tasks === '1' ? 'task' : 'tasks'}`
    for (const name of ['array', 'plugin']) {
      rows.push({
        'a request has': label,
        way: name === 'array' ? 'array by hand' : 'plugin',
        'requests/s': spread(results[name].map(({ perSecond }) => perSecond)),
        'CPU, µs each': spread(results[name].map(({ cpu }) => cpu))
      })
    }
    const by = (name, what) => results[name].map((result) => result[what])
    ratios.push({ what: `${label}, of the array's requests/s`, ratio: ratio(by('plugin', 'perSecond'), by('array', 'perSecond')), atLeast: goal })
    ratios.push({ what: `${label}, by CPU time`, ratio: ratio(by('array', 'cpu'), by('plugin', 'cpu')) })
  }
  return { rows, ratios, chart: { group: 'a request has', way: 'way', value: 'requests/s' }, versions: client }
}
