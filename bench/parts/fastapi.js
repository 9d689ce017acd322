// The same server in FastAPI, whose background tasks this plugin's are modelled on: one async task a request, and one sync
// task, which both run in a pool of threads.
import { Child } from '../child.js'
import { client } from '../load.js'
import { race } from '../race.js'
import { ratio, spread } from '../spread.js'
import { findUvicorn, Uvicorn } from '../uvicorn.js'

export const title = 'Requests a second with one task, against FastAPI'

/** What uvicorn uses where it is installed: it is no dependency of the package. */
const withExtras = 'FastAPI, uvloop'

const goals = { async: 2.5, sync: 4 }

export async function measure (quick) {
  const found = await findUvicorn()
  if (found === undefined) return { skipped: 'no Python here has fastapi and uvicorn (apt install python3-fastapi python3-uvicorn)' }

  const [rows, ratios] = [[], []]
  const starts = {
    FastAPI: async () => await Uvicorn.start(found.python, ['--loop', 'asyncio', '--http', 'h11']),
    ...(found.hasExtras && { [withExtras]: async () => await Uvicorn.start(found.python, ['--loop', 'uvloop', '--http', 'httptools']) }),
    plugin: async () => await Child.start('fastapi')
  }
  for (const [kind, goal] of Object.entries(goals)) {
    const plan = quick ? { rounds: 1, turns: 1, seconds: 0.3, warmUp: 0.5 } : { rounds: 3, turns: 2, seconds: 1, warmUp: 2 }
    const results = await race(starts, { path: `/${kind}`, ...plan })

    const perSecond = (name) => results[name].map(({ perSecond }) => perSecond)
    for (const way of Object.keys(starts)) rows.push({ task: `one ${kind} task`, way, 'requests/s': spread(perSecond(way)) })
    ratios.push({ what: `${kind} task, times FastAPI`, ratio: ratio(perSecond('plugin'), perSecond('FastAPI')), atLeast: goal })
    if (found.hasExtras) ratios.push({ what: `${kind} task, times ${withExtras}`, ratio: ratio(perSecond('plugin'), perSecond(withExtras)) })
  }
  return { rows, ratios, chart: { group: 'task', way: 'way', value: 'requests/s' }, versions: `${found.versions}. ${client}` }
}
