// The same server in FastAPI, whose background tasks this plugin's are modelled on: one async task a request, and one sync
// task, which both run in a pool of threads.
import { Child } from '../child.js'
import { race } from '../race.js'
import { ratio, spread } from '../spread.js'
import { findUvicorn, Uvicorn } from '../uvicorn.js'

export const title = 'Requests a second with one task, against FastAPI'

const goals = { async: 2.5, sync: 4 }

export async function measure (quick) {
  const found = await findUvicorn()
  if (found === undefined) return { skipped: 'no Python here has fastapi and uvicorn (apt install python3-fastapi python3-uvicorn)' }

  const [rows, ratios] = [[], []]
  const starts = {
    fastapi: async () => await Uvicorn.start(found.python),
    plugin: async () => await Child.start('fastapi')
  }
  for (const [kind, goal] of Object.entries(goals)) {
    const plan = quick ? { rounds: 1, turns: 1, warmUp: 1_000 } : { rounds: 7, turns: 2, warmUp: 10_000 }
    const results = await race(starts, { path: `/${kind}`, ...plan })

    const perSecond = (name) => results[name].map(({ perSecond }) => perSecond)
    for (const [name, way] of [['fastapi', 'FastAPI'], ['plugin', 'plugin']]) {
      rows.push({ task: `one ${kind} task`, way, 'requests/s': spread(perSecond(name)) })
    }
    ratios.push({ what: `${kind} task, times FastAPI`, ratio: ratio(perSecond('plugin'), perSecond('fastapi')), atLeast: goal })
  }
  return { rows, ratios, chart: { group: 'task', way: 'way', value: 'requests/s' }, versions: found.versions }
}
