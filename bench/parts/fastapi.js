// The same server in FastAPI, whose background tasks this plugin's are modelled on: one async task a request, and one sync
// task, which both run in a pool of threads.
import { Child } from '../child.js'
import { compare, median, ratio } from '../compare.js'
import { load } from '../load.js'
import { findUvicorn, Uvicorn } from '../uvicorn.js'

const goals = { async: 4, sync: 6 }

export async function measure (quick) {
  const found = await findUvicorn()
  if (found === undefined) {
    console.log('  no Python here has fastapi and uvicorn (apt install python3-fastapi python3-uvicorn): skipped')
    return { rows: [] }
  }

  const options = found.hasExtras ? ['--loop', 'uvloop', '--http', 'httptools'] : []
  const starts = { fastapi: async () => await Uvicorn.start(found.python, options), plugin: async () => await Child.start('fastapi') }
  const plan = quick ? { rounds: 1, bursts: 1, warmUp: 1 } : { rounds: 2, bursts: 6, warmUp: 2 }
  const rows = []
  for (const [kind, goal] of Object.entries(goals)) {
    const results = await compare(starts, plan, (server) => load(server, quick ? 100 : 1_500, `/${kind}`))
    const perSecond = (name) => Math.round(median(results, name, 'perSecond')).toLocaleString('en')
    rows.push({
      compared: `a request with one ${kind} task, times FastAPI`,
      cpu: ratio(results, 'fastapi', 'plugin', 'cpu'),
      throughput: ratio(results, 'plugin', 'fastapi', 'perSecond'),
      goal,
      measured: `${perSecond('fastapi')} and ${perSecond('plugin')} requests a second`
    })
  }
  return { rows, versions: found.versions }
}
